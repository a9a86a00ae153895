"""The streams of a server that is a process: lines of JSON on its standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.blotting import blot, secrets_of
from ai_chat.mcpp.process_tree import READ_AHEAD, ProcessTree, start_tree

LINE_BYTES = 4_000_000  # a longer line ends the connection
UNREAD_BYTES = 4_000_000  # so does a server that leaves more than this in its input
LAST_LINES = 20
SETTLE = 0.2  # seconds that a process's exit and the ends of its pipes lie apart
SHOWN = 300  # characters of a line

Incoming = MemoryObjectSendStream[SessionMessage | Exception]
Outgoing = MemoryObjectReceiveStream[SessionMessage]
Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]

logger = logging.getLogger(__name__)


class LastLines:
    """The last lines that a server wrote to its standard error, each without its secrets, then cut."""

    def __init__(self, settings: MCPServerSettings) -> None:
        self._settings = settings
        self._most = 4 * SHOWN + max((len(secret.encode()) for secret in secrets_of(settings)), default=0)
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take what was read; an unfinished line waits, as far as it will be shown."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._lines.extend(shown(line, self._settings, SHOWN) for line in lines if line.strip())
        self._rest = rest[: self._most]

    def last(self) -> str:
        """The last line that says something, or nothing."""
        rest = shown(self._rest, self._settings, SHOWN)
        return rest or (self._lines[-1] if self._lines else "")


def shown(line: bytes, settings: MCPServerSettings, longest: int) -> str:
    """A server's line as it may be shown. Half a secret would be known no more as one: the cut comes last."""
    return blot(line.decode(errors="replace").strip(), settings)[:longest]


class _Pipeline:
    """One process between its pipes and the session's streams. None of its tasks raises: each tells `ended` why."""

    def __init__(self, name: str, settings: MCPServerSettings, tree: ProcessTree, ended: Callable[[str], None]) -> None:
        self._name = name
        self._settings = settings
        self._tree = tree
        self._ended = ended
        self._warned = False
        self.errors = LastLines(settings)

    async def watch_exit(self, errors: asyncio.Task[None], incoming: Incoming) -> None:
        await self._tree.exited.wait()
        await asyncio.wait([errors], timeout=SETTLE)  # what it said last
        said = self.errors.last()
        self._ended(f"the process ended with status {self._tree.status}" + (f": {said}" if said else ""))
        incoming.close()  # a descendant may hold the pipe open

    async def read_errors(self) -> None:
        while chunk := await _read(self._tree.stderr):
            self.errors.feed(chunk)

    async def read_messages(self, incoming: Incoming) -> None:
        rest = b""
        while chunk := await _read(self._tree.stdout):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                await self._deliver(line, incoming)
            if len(rest) > LINE_BYTES:
                self._ended(f"it wrote a line over {LINE_BYTES} bytes")
                incoming.close()
                await self._drop_output()
                return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * SETTLE):
                await self._tree.exited.wait()
                return  # its exit says more than the end of its output
        self._ended("it closed its standard output")
        incoming.close()

    async def _drop_output(self) -> None:
        """Read on, so that a server that writes can notice its end."""
        while await _read(self._tree.stdout):
            pass

    async def _deliver(self, line: bytes, incoming: Incoming) -> None:
        if not line.strip():
            return
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            self._warn(line)
            return
        # When the session has ended, what is left is read and dropped, so that the server can end.
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await incoming.send(SessionMessage(message))

    def _warn(self, line: bytes) -> None:
        if self._warned:
            return
        self._warned = True
        logger.warning(
            "MCP server %s writes to its standard output what is no message, such as %r; it is left out.",
            self._name,
            shown(line, self._settings, 80),
        )

    async def write_messages(self, outgoing: Outgoing) -> None:
        async for message in outgoing:
            line = message.message.model_dump_json(by_alias=True, exclude_unset=True) + "\n"
            if self._tree.stdin.is_closing():
                return
            # Without drain(): a server that does not read may hold up nobody, and is ended at the bound instead.
            self._tree.stdin.write(line.encode())
            if self._tree.stdin.transport.get_write_buffer_size() > UNREAD_BYTES:
                self._ended("it does not read its standard input")
                return


async def _read(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.read(READ_AHEAD)
    except ConnectionError:
        return b""


@asynccontextmanager
async def process_streams(
    name: str, settings: MCPServerSettings, ended: Callable[[str], None]
) -> AsyncGenerator[Streams]:
    """Start a server's command, and end it with its whole tree on leaving.

    `ended` is told once or more why nothing will come any more. The command gets the environment that the SDK deems
    safe, and `env`. Raises `OSError` when it cannot be started.
    """
    tree = await start_tree([settings.command, *settings.args], get_default_environment() | settings.env)
    pipeline = _Pipeline(name, settings, tree, ended)
    to_session, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with asyncio.TaskGroup() as pipes:
            errors = pipes.create_task(pipeline.read_errors())
            tasks = [
                errors,
                pipes.create_task(pipeline.watch_exit(errors, to_session)),
                pipes.create_task(pipeline.read_messages(to_session)),
                pipes.create_task(pipeline.write_messages(from_session)),
            ]
            try:
                yield from_server, to_server
            finally:
                from_server.close()
                await tree.end()
                for task in tasks:
                    task.cancel()
    finally:
        for stream in (to_session, from_server, to_server, from_session):
            stream.close()
