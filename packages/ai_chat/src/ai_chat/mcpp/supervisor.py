"""One MCP server and the task that starts it, keeps it and ends it.

The session and its transport are entered and left in the supervisor's task, which their cancel scopes demand.
Each call is a task in the group of the server's present life: a caller that is cancelled leaves at once, and the call's
task tells the server. Awaiting the SDK in the caller's task was rejected: a cancelled caller there waits, up to five
seconds, until the server has taken the notification.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import mcp_types as types
from mcp.client.session import ClientSession, IncomingMessage
from mcp.shared.exceptions import MCPError

from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.blotting import blot
from ai_chat.mcpp.server_session import list_tools, open_session
from ai_chat.mcpp.tool_text import bounded, text_of
from ai_chat.mcpp.tools_interface import ToolProblem

WAITING_PER_SLOT = 4
SLOW_CALLS = 3  # in a row, and the server is started again
PING_EVERY = 15.0
PING_SECONDS = 5.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 60.0  # up that long, and the delay begins anew

State = Literal["starting", "up", "restarting", "down"]
Answer = types.CallToolResult | ToolProblem

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server as the metrics and the health page show it. `problem` is the last one, without secrets."""

    name: str
    state: State
    restarts: int
    problem: str
    calls: int
    waiting: int
    failures: Mapping[str, int]  # calls that failed since the start, by the code of the problem


class _Life:
    """A server from its start to its end."""

    def __init__(self) -> None:
        self.problem = ""
        self.call: Callable[[str, dict[str, Any]], asyncio.Task[Answer]] | None = None
        self.running: set[asyncio.Task[Answer]] = set()
        self.slow_calls = 0
        self.tools_changed = False
        self.wake = asyncio.Event()

    def end(self, problem: str) -> None:
        """Ask for the end; the first reason stays."""
        self.problem = self.problem or problem
        self.wake.set()

    async def notice(self, message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self.tools_changed = True
            self.wake.set()


class Supervisor:
    """Keeps one server up and calls its tools. `run()` is its task; `tools` are the last ones it told."""

    def __init__(
        self,
        name: str,
        settings: MCPServerSettings,
        *,
        changed: Callable[[], None] = lambda: None,
        ping_every: float = PING_EVERY,
    ) -> None:
        self.name = name
        self.tools: tuple[types.Tool, ...] = ()
        self._settings = settings
        self._changed = changed
        self._ping_every = ping_every
        self._slots = asyncio.Semaphore(settings.calls_at_once)
        self._life: _Life | None = None
        self._state: State = "starting"
        self._problem = ""
        self._restarts = 0
        self._calls = 0
        self._waiting = 0
        self._failures: Counter[str] = Counter()

    @property
    def is_up(self) -> bool:
        """Whether its tools can be called now."""
        return self._life is not None

    def status(self) -> ServerStatus:
        """Its state now."""
        return ServerStatus(
            self.name, self._state, self._restarts, self._problem, self._calls, self._waiting, dict(self._failures)
        )

    async def run(self) -> None:
        """Start the server, and again whenever it ends, until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while True:
                began = loop.time()
                self._problem = blot(await self._problem_of_a_life(), self._settings)
                _raise_lost_cancellation()
                failures = 1 if loop.time() - began >= STEADY_SECONDS else failures + 1
                self._state = "restarting"
                logger.warning("MCP server %s is started again: %s.", self.name, self._problem)
                await asyncio.sleep(_delay(failures))
                self._restarts += 1
        finally:
            self._state = "down"

    async def _problem_of_a_life(self) -> str:
        """Start the server once and keep it; return why it ended."""
        life = _Life()
        try:
            await self._live(life)
        except FileNotFoundError:
            return f"there is no command {self._settings.command!r}"
        except Exception as error:  # whatever a server or the SDK raises ends this life, not the others
            return life.problem or _told(error)
        return life.problem

    async def _live(self, life: _Life) -> None:
        async with open_session(self.name, self._settings, life.end, life.notice) as session:
            try:
                async with asyncio.timeout(self._settings.start_seconds):
                    await session.initialize()
                    self.tools = await list_tools(session)
                await self._serve(life, session)
            except Exception as error:
                life.end(_told(error))  # before the end of the process looks like the reason

    async def _serve(self, life: _Life, session: ClientSession) -> None:
        """Let calls in until the server ends, or is to be started again."""
        async with asyncio.TaskGroup() as calls:
            life.call = lambda tool, arguments: calls.create_task(_answer(life, session, tool, arguments))
            self._life, self._state = life, "up"
            self._changed()
            try:
                while not life.problem:
                    await self._look_after(life, session)
                    _raise_lost_cancellation()
            finally:
                self._life = None
                self._changed()
                for call in life.running:
                    call.cancel()

    async def _look_after(self, life: _Life, session: ClientSession) -> None:
        try:
            async with asyncio.timeout(self._ping_every):
                await life.wake.wait()
        except TimeoutError:
            if not self._calls:  # a server may answer nothing else while it works
                async with asyncio.timeout(PING_SECONDS):
                    await session.send_ping()
            return
        life.wake.clear()
        if life.tools_changed and not life.problem:
            life.tools_changed = False
            async with asyncio.timeout(self._settings.start_seconds):
                self.tools = await list_tools(session)
            self._changed()

    async def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """Call a tool by the server's own name for it.

        Waits for one of the server's slots, and for the answer, as long as the settings say. Raises `ToolProblem`.
        """
        try:
            return await self._call(tool, arguments)
        except ToolProblem as problem:
            self._failures[problem.code] += 1
            raise

    async def _call(self, tool: str, arguments: dict[str, Any]) -> str:
        deadline = asyncio.get_running_loop().time() + self._settings.call_seconds
        await self._acquire_slot(tool, deadline)
        if self._life is None or self._life.call is None:
            self._slots.release()
            raise self._is_down(tool)
        life = self._life
        self._calls += 1
        task = self._life.call(tool, arguments)
        life.running.add(task)
        task.add_done_callback(self._free_slot)
        task.add_done_callback(life.running.discard)
        return await self._answer_of(task, life, tool, deadline)

    async def _acquire_slot(self, tool: str, deadline: float) -> None:
        if self._life is None:
            raise self._is_down(tool)
        if self._waiting >= WAITING_PER_SLOT * self._settings.calls_at_once:
            raise ToolProblem("tool-busy", name=tool, server=self.name)
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
        except TimeoutError:
            raise self._is_slow(tool) from None
        finally:
            self._waiting -= 1

    def _free_slot(self, _task: asyncio.Task[Answer]) -> None:
        self._calls -= 1
        self._slots.release()

    async def _answer_of(self, task: asyncio.Task[Answer], life: _Life, tool: str, deadline: float) -> str:
        try:
            await asyncio.wait([task], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        finally:
            is_late = not task.done()
            task.cancel()  # tells the server, in the task's own time
        if is_late:
            self._note_slow_call(life)
            raise self._is_slow(tool)
        if task.cancelled():
            raise self._is_down(tool)
        life.slow_calls = 0
        answer = task.result()
        if isinstance(answer, ToolProblem):
            raise ToolProblem(answer.code, **{**answer.values, "server": self.name})
        if answer.is_error:
            raise ToolProblem("tool-failed", name=tool, server=self.name, text=text_of(answer))
        return text_of(answer)

    def _note_slow_call(self, life: _Life) -> None:
        life.slow_calls += 1
        if life.slow_calls >= SLOW_CALLS:
            life.end(f"{SLOW_CALLS} calls in a row were not answered in {self._settings.call_seconds:g} s")

    def _is_down(self, tool: str) -> ToolProblem:
        return ToolProblem("tool-server-down", name=tool, server=self.name)

    def _is_slow(self, tool: str) -> ToolProblem:
        return ToolProblem("tool-slow", name=tool, server=self.name, seconds=self._settings.call_seconds)


async def _answer(life: _Life, session: ClientSession, tool: str, arguments: dict[str, Any]) -> Answer:
    """Ask the server. Problems are returned, since a raise would end the group of all calls."""
    try:
        return await session.call_tool(tool, arguments)
    except MCPError as error:
        if error.code == types.CONNECTION_CLOSED:
            return ToolProblem("tool-server-down", name=tool)
        if error.message == "Session terminated":  # an HTTP server that was started again knows no old session
            life.end("the server forgot its session")
            return ToolProblem("tool-server-down", name=tool)
        return ToolProblem("tool-failed", name=tool, text=bounded(error.message))
    except Exception as error:  # an answer against its schema raises various types
        return ToolProblem("tool-failed", name=tool, text=bounded(str(error)))


def _raise_lost_cancellation() -> None:
    """Be cancelled after all: anyio's task groups drop a cancellation for an error that came at the same time."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _delay(failures: int) -> float:
    """Twice as long each time, with jitter, so that servers that died together do not start together."""
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - 1, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


def _told(error: BaseException) -> str:
    """Why a life ended, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return bounded(f"{type(error).__name__}: {error}", 300)
