"""One MCP server: started, watched, restarted when it dies, and ended with its whole process tree, by one task."""

from __future__ import annotations

import asyncio
import logging
import random
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from ai_chat.agent.stateless_llm.stateless_llm_interface import Tool
from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.tools_interface import ToolProblem

logger = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart
STEADY = 60.0  # seconds up, after which the pause begins anew
PING = 5.0  # seconds between two looks whether it is still there
WAITING = 4  # calls that may wait, for each that may run
TIMEOUTS = 3  # calls in a row without an answer that make it be restarted
LONGEST_TEXT = 20_000  # characters of an answer

State = Literal["starting", "up", "restarting", "down"]


class Supervisor:
    """Keeps one server up while `run` runs. The task of `run` enters and leaves the connection, as the SDK requires.

    Calls come from any task, each with a timeout; a cancelled one is told to the server and returns at once. Starting,
    restarting and a server that hangs hold up no other server.
    """

    def __init__(self, name: str, settings: MCPServerSettings, changed: Callable[[], None]) -> None:
        self.name = name
        self.state: State = "starting"
        self.restarts = 0
        self.problem = ""
        self.tools: tuple[Tool, ...] = ()
        self._settings = settings
        self._changed = changed
        self._session: ClientSession | None = None
        self._broken = asyncio.Event()
        self._slots = asyncio.Semaphore(settings.calls_at_once)
        self._calls = 0
        self._timeouts = 0

    async def run(self) -> None:
        """Keep the server up until cancelled."""
        pause = FIRST_PAUSE
        try:
            while True:
                began = asyncio.get_running_loop().time()
                await self._live()
                self._is("restarting")
                if asyncio.get_running_loop().time() - began > STEADY:
                    pause = FIRST_PAUSE
                await asyncio.sleep(pause * random.uniform(0.7, 1.0))  # noqa: S311 - so that not all come at once
                pause = min(2 * pause, LONGEST_PAUSE)
                self.restarts += 1
        finally:
            self._is("down")

    async def _live(self) -> None:
        """One life of the server, from its start to its end, whatever ends it."""
        try:
            async with self._connected() as session:
                self._broken.clear()
                self._timeouts = 0
                self._session = session
                self._is("up", await self._list(session))
                await self._watch(session)
        except Exception as err:  # whatever a server does to the connection, it is started again
            self.problem = type(err).__name__
            logger.warning("MCP server %s: %s", self.name, "; ".join(map(repr, _leaves(err))))
        finally:
            self._session = None

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[ClientSession, None]:
        one = self._settings
        if one.url:
            transport = streamable_http_client(one.url)
        else:
            parameters = StdioServerParameters(command=one.command, args=list(one.args), env=dict(one.env))
            transport = stdio_client(parameters, errlog=subprocess.DEVNULL)  # type: ignore[arg-type]  # what Popen takes
        async with transport as (reading, writing), ClientSession(reading, writing) as session:
            async with asyncio.timeout(one.start_seconds):
                await session.initialize()
            yield session

    async def _list(self, session: ClientSession) -> tuple[Tool, ...]:
        async with asyncio.timeout(self._settings.start_seconds):
            listed = await session.list_tools()
        return tuple(Tool(one.name, one.description or "", one.input_schema) for one in listed.tools)

    async def _watch(self, session: ClientSession) -> None:
        """Return when the server does not answer any more."""
        while not self._broken.is_set():
            try:
                async with asyncio.timeout(PING):
                    await self._broken.wait()
            except TimeoutError:
                async with asyncio.timeout(PING):
                    await session.send_ping()

    def _is(self, state: State, tools: tuple[Tool, ...] = ()) -> None:
        self.state, self.tools = state, tools
        self._changed()

    async def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """What the tool answers. Raises `ToolProblem`."""
        session = self._session
        if session is None or self.state != "up":
            raise ToolProblem("tool-server-down", name=tool)
        if self._calls >= (1 + WAITING) * self._settings.calls_at_once:
            raise ToolProblem("tool-busy", name=tool)
        self._calls += 1
        try:
            async with asyncio.timeout(self._settings.call_seconds), self._slots:
                result = await session.call_tool(tool, arguments)
        except TimeoutError as err:
            self._note_timeout()
            raise ToolProblem("tool-slow", name=tool, seconds=self._settings.call_seconds) from err
        except (MCPError, OSError) as err:
            if self._session is session and getattr(err, "code", 0) == CONNECTION_CLOSED:
                self._broken.set()
                raise ToolProblem("tool-server-down", name=tool) from err
            raise ToolProblem("tool-failed", name=tool) from err
        finally:
            self._calls -= 1
        self._timeouts = 0
        assert isinstance(result, CallToolResult)
        if result.is_error:
            raise ToolProblem("tool-failed", name=tool)
        return text_of(result)

    def _note_timeout(self) -> None:
        self._timeouts += 1
        if self._timeouts >= TIMEOUTS:
            self._broken.set()


CONNECTION_CLOSED = -32000  # the SDK's code for a request whose connection has ended


def text_of(result: CallToolResult) -> str:
    """An answer as text, bounded; what is no text is named."""
    parts = [str(getattr(part, "text", "") or f"[{part.type}]") for part in result.content]
    return "\n".join(parts)[:LONGEST_TEXT]


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
