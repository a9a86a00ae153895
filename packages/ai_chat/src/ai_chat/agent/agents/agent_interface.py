"""The contract of an agent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ai_chat.agent.stateless_llm.stateless_llm_interface import Message
from ai_chat.problems import ChatProblem


@dataclass(frozen=True, slots=True)
class Spoken:
    """One whole sentence of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call as a person may see it, once at its start and once at its end."""

    call: str
    name: str
    status: Literal["running", "completed", "error"]
    content: str = ""
    problem: ChatProblem | None = None  # of an error


class Agent(Protocol):
    """Who answers in one session. Made for it, ended with it; only its language model and tools are shared."""

    def reply(self, text: str) -> AsyncGenerator[Spoken | ToolUse, None]:
        """Stream the answer to `text`, sentence by sentence, and remember both once it is complete.

        Raises `LanguageModelProblem`; then, and when the generator is closed early, only `text` is remembered
        until `interrupted` says what was heard of the answer.
        """
        ...

    def interrupted(self, heard: str) -> None:
        """Remember that the last answer was cut off after `heard`; nothing of it when that is empty."""
        ...

    def recall(self, messages: Sequence[Message]) -> None:
        """Forget everything, then remember `messages`, the end of a stored history."""
        ...

    def reset(self) -> None:
        """Forget everything that was said."""
        ...

    async def close(self) -> None:
        """Forget everything, and end what the agent began. A second call does nothing."""
        ...
