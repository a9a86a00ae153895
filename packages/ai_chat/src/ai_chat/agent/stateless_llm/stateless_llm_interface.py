"""The contract of a language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ai_chat.problems import ChatProblem


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for. `arguments` may miss anything; they are None when they cannot be read."""

    id: str
    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation as a model sees it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[ToolCall, ...] = ()  # of an assistant
    call_id: str = ""  # of a tool's answer


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as it is shown to a model; `parameters` is its JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, as it came."""

    text: str


class LanguageModelProblem(ChatProblem):
    """The model could not answer: it was slow, refused, or answered what cannot be read."""


class StatelessLLM(Protocol):
    """A language model. One is made for the whole server; it holds nothing of a session between two calls."""

    def label(self, lang: str) -> str:
        """What a person is told about it, such as "demo persona (scripted, no model)"."""
        ...

    @property
    def running(self) -> int:
        """Threads that work on answers, those included whose turn has ended."""
        ...

    def chat(self, messages: Sequence[Message], *, tools: Sequence[Tool] = ()) -> AsyncGenerator[Text | ToolCall, None]:
        """Stream the next assistant message: pieces of text, then the calls it asks for.

        Closing the generator ends the request, at the endpoint too.
        Raises `LanguageModelProblem`; each wait for the endpoint has a timeout.
        """
        ...

    async def close(self) -> None:
        """End every connection and thread. A second call does nothing."""
        ...
