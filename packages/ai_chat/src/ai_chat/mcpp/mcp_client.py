"""The tools of all MCP servers, each started once for the whole chat server."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from ai_chat.agent.stateless_llm.stateless_llm_interface import Tool
from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.supervisor import PING_EVERY, ServerStatus, Supervisor
from ai_chat.mcpp.tools_interface import Toolbox, ToolProblem

LONGEST_NAME = 64  # of a function, at the endpoints of language models

logger = logging.getLogger(__name__)


class MCPClient:
    """A `Toolbox` and the scope of its servers: entering starts them without waiting, leaving ends all of each.

    Enter and leave it in one task. A tool is named as its server names it; where two servers have the same name, both
    are `server__tool`. What no language model's endpoint takes as a name is spelled with `_`.
    """

    def __init__(self, servers: Mapping[str, MCPServerSettings], *, ping_every: float = PING_EVERY) -> None:
        self._supervisors = {
            name: Supervisor(name, settings, changed=self._refresh, ping_every=ping_every)
            for name, settings in servers.items()
        }
        self._places: dict[str, tuple[Supervisor, str]] = {}
        self._tools: dict[str, tuple[Tool, ...]] = {}
        self._all: tuple[Tool, ...] = ()
        self._scope: asyncio.TaskGroup | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> MCPClient:
        self._scope = await asyncio.TaskGroup().__aenter__()
        for name, supervisor in self._supervisors.items():
            self._tasks.append(self._scope.create_task(supervisor.run(), name=f"mcp {name}"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._scope is not None
        for task in self._tasks:
            task.cancel()
        if isinstance(error, asyncio.CancelledError):
            await self._scope.__aexit__(kind, error, trace)
        else:  # the body's error is not the group's: it goes on as it is, in no exception group
            await self._scope.__aexit__(None, None, None)

    def states(self) -> tuple[ServerStatus, ...]:
        """The servers in the order of the settings."""
        return tuple(supervisor.status() for supervisor in self._supervisors.values())

    def tools(self) -> Sequence[Tool]:
        """The tools of the servers that are up now."""
        return self._all

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Call a tool; see `Toolbox`. A tool that its server told before it went down is `tool-server-down`."""
        if name not in self._places:
            raise ToolProblem("no-such-tool", name=name[:80])
        supervisor, tool = self._places[name]
        return await supervisor.call(tool, arguments)

    def limited_to(self, servers: Sequence[str] | None) -> Toolbox:
        """The toolbox of a character that may use these servers only; all when None."""
        return self if servers is None else _Selection(self, frozenset(servers))

    def tools_of(self, servers: frozenset[str]) -> Sequence[Tool]:
        """The tools of those of these servers that are up now."""
        return tuple(tool for server, tools in self._tools.items() if server in servers for tool in tools)

    def server_of(self, name: str) -> str | None:
        """The server that has a tool, up or not."""
        return self._places[name][0].name if name in self._places else None

    def _refresh(self) -> None:
        """Name the tools anew. Servers that are down take part, so that names do not change while one restarts."""
        times = Counter(tool.name for one in self._supervisors.values() for tool in one.tools)
        places: dict[str, tuple[Supervisor, str]] = {}
        shown: dict[str, tuple[Tool, ...]] = {}
        for server, supervisor in self._supervisors.items():
            tools = []
            for told in supervisor.tools:
                name = _spelled(told.name if times[told.name] == 1 else f"{server}__{told.name}")
                if name in places:
                    logger.warning("MCP server %s: tool %r is left out, its name is taken.", server, told.name)
                    continue
                places[name] = supervisor, told.name
                tools.append(Tool(name, told.description or "", told.input_schema))
            if supervisor.is_up:
                shown[server] = tuple(tools)
        self._places, self._tools = places, shown
        self._all = tuple(tool for tools in shown.values() for tool in tools)


class _Selection:
    """The tools of some servers."""

    def __init__(self, client: MCPClient, servers: frozenset[str]) -> None:
        self._client = client
        self._servers = servers

    def tools(self) -> Sequence[Tool]:
        return self._client.tools_of(self._servers)

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        if self._client.server_of(name) not in self._servers:
            raise ToolProblem("no-such-tool", name=name[:80])
        return await self._client.call(name, arguments)


def _spelled(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:LONGEST_NAME]
