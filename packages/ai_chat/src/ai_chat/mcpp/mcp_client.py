"""The tools of all MCP servers, for all sessions. Each server is started once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from ai_chat.agent.stateless_llm.stateless_llm_interface import Tool
from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.supervisor import Supervisor
from ai_chat.mcpp.tools_interface import ToolProblem


class MCPClient:
    """The toolbox of the server, used as `async with`; leaving it ends every MCP server with its process tree.

    Suspect 3 of the checklist ("Closing MCPClient... and 4 active connections") asks whether they really end: each is
    a task of this group, which ends only when the task has left its connection.
    """

    def __init__(self, servers: Mapping[str, MCPServerSettings]) -> None:
        self._supervisors = [Supervisor(name, one, self._changed) for name, one in servers.items()]
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._tools: tuple[Tool, ...] = ()
        self._owners: dict[str, tuple[Supervisor, str]] = {}

    async def __aenter__(self) -> MCPClient:
        await self._group.__aenter__()
        self._tasks = [self._group.create_task(one.run(), name=f"MCP server {one.name}") for one in self._supervisors]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    def _changed(self) -> None:
        """A server came or went: make the list of tools anew. Names that two servers share get the server's before."""
        names = Counter(tool.name for one in self._supervisors for tool in one.tools)
        owners = {
            (tool.name if names[tool.name] == 1 else f"{one.name}__{tool.name}"): (one, tool)
            for one in self._supervisors
            for tool in one.tools
        }
        self._tools = tuple(replace(tool, name=name) for name, (_, tool) in owners.items())
        self._owners = {name: (one, tool.name) for name, (one, tool) in owners.items()}

    def tools(self) -> Sequence[Tool]:
        """The tools that can be called now."""
        return self._tools

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The tool's answer. Raises `ToolProblem`."""
        if (owner := self._owners.get(name)) is None:
            raise ToolProblem("no-such-tool", name=name[:80])
        supervisor, tool = owner
        return await supervisor.call(tool, arguments)

    def states(self) -> Sequence[Supervisor]:
        """The servers, for the readiness page."""
        return self._supervisors
