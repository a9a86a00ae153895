"""The one client: raw WebSocket frames, prepared once, because it shares the cores with what it measures.

A library would mask, parse and validate every frame, which costs the client as much as the server spends. Here a turn
is one write and a search for the marker of the last frame in what arrives.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

from measure.trouble import VariantFailedError

CLIENTS = 8
"""Clients at the same time; they share a slice evenly."""
PATIENCE_S = 60.0

_QUESTION = b"what is the weather like in the mountains today"
# A client must mask its frames; the mask 0 is a mask and leaves the text as it is.
_ASK = bytes([0x81, 0x80 | len(_QUESTION)]) + bytes(4) + _QUESTION
_LEAVE = bytes([0x88, 0x82]) + bytes(4) + (1000).to_bytes(2, "big")
_HANDSHAKE = (
    b"GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Session(asyncio.Protocol):
    """One chat connection of the client."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._marker = b""
        self._seen: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> "Session":
        """Connect and wait until the server says that it is ready."""
        _, session = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        await session.exchange(_HANDSHAKE, b"ready")
        return session

    async def ask(self) -> None:
        """Make one turn: send the question and wait for the last frame of the reply."""
        await self.exchange(_ASK, b"done after ")

    async def exchange(self, request: bytes, marker: bytes) -> None:
        """Send the request and wait until the marker has arrived."""
        if self._transport is None or self._gone.done():
            raise VariantFailedError("the server closed the connection between two turns")
        self._received.clear()
        self._marker = marker
        self._seen = self._loop.create_future()
        self._transport.write(request)
        await self._seen

    async def leave(self) -> None:
        """Say goodbye and wait until the server has closed the connection."""
        if self._transport is not None:
            self._transport.write(_LEAVE)
        await self._gone

    def drop(self) -> None:
        """Forget the connection at once. Does nothing to one that is closed."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to write to."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Wake the waiting turn when the frame it waits for has arrived."""
        self._received += data
        if self._seen is not None and not self._seen.done() and self._marker in self._received:
            self._seen.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End whoever waits: with what the server said last when it was in the middle of something."""
        if not self._gone.done():
            self._gone.set_result(None)
        if self._seen is not None and not self._seen.done():
            said = bytes(self._received[:60])
            self._seen.set_exception(VariantFailedError(f"the server closed the connection after {said!r} ({exc})"))


Drive = Callable[[], Awaitable[None]]


@asynccontextmanager
async def turns(port: int, each: int) -> AsyncIterator[Drive]:
    """Open the sessions, give what makes `each` turns in every one of them, and close them afterwards."""
    sessions: list[Session] = []

    async def talk(session: Session) -> None:
        for _ in range(each):
            await session.ask()

    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(CLIENTS):
                sessions.append(await Session.open(port))  # noqa: PERF401  # a failure must find those opened before
        yield lambda: _together(talk(session) for session in sessions)
        await _together(session.leave() for session in sessions)
    finally:
        for session in sessions:
            session.drop()


@asynccontextmanager
async def visits(port: int, each: int) -> AsyncIterator[Drive]:
    """Give what connects and closes `each` times with every client."""

    async def come_and_go() -> None:
        for _ in range(each):
            await (await Session.open(port)).leave()

    yield lambda: _together(come_and_go() for _ in range(CLIENTS))


async def get(port: int, path: str) -> dict[str, int]:
    """Return the JSON object that the server answers to one GET on a connection of its own."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    if not head.startswith(b"HTTP/1.1 200"):
        raise VariantFailedError(f"GET {path} was answered with {head[:60]!r}")
    return cast(dict[str, int], json.loads(body))


async def _together(work: Iterable[Awaitable[None]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*work)
