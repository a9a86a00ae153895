"""What an agent needs of the tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ai_chat.agent.stateless_llm.stateless_llm_interface import Tool
from ai_chat.problems import ChatProblem


class ToolProblem(ChatProblem):
    """A tool could not be called, or did not answer in time."""


class Toolbox(Protocol):
    """The tools of all servers that are up right now, shared by all sessions."""

    def tools(self) -> Sequence[Tool]:
        """The tools that can be called now."""
        ...

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The tool's answer as text, bounded in length.

        Cancelling the call tells the tool's server, and returns at once. Raises `ToolProblem`.
        """
        ...
