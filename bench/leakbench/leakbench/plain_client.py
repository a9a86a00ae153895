"""A small client for checking the twins: raw sockets, frames by hand, the same visit files as overstay's own driver."""

import asyncio
import base64
import contextlib
import importlib.util
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
Visit = Callable[["PlainClient"], Awaitable[None]]


class Leave(Exception):  # noqa: N818 - not an error: the moment has come at which this client leaves
    """Raised inside a visit at the moment of a departure in the middle."""


class PlainClient:
    """One client; `departure` says how it will leave."""

    def __init__(self, url: str, n: int, departure: str) -> None:
        self.n, self.departure = n, departure
        self._url = urlsplit(url)
        self._replying = False
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def connect(self, path: str | None = None, *, method: str = "GET", body: bytes = b"") -> None:
        """Connect and, over WebSocket, shake hands."""
        host, port = self._url.hostname, self._url.port
        self.reader, self.writer = await asyncio.open_connection(host, port)
        path = path or self._url.path or "/"
        if self._url.scheme == "ws":
            key = base64.b64encode(os.urandom(16)).decode()
            upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            self._write(
                f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{upgrade}Sec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            head = await self.reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in head.splitlines()[0]:
                raise ConnectionError(head.decode())
        elif self._url.scheme == "http":
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            self._write(
                f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{length}\r\n".encode() + body[: len(body) // 2]
            )
            if self.departure == "mid-upload":
                await asyncio.sleep(0.2)
                raise Leave
            self._write(body[len(body) // 2 :])

    async def send(self, text: str) -> None:
        """Send one message, or one line over plain TCP."""
        self._write(_frame(TEXT, text.encode()) if self._url.scheme == "ws" else text.encode() + b"\n")

    async def expect(self, text: str, timeout: float = 10.0) -> None:
        """Read until `text` has come."""
        seen = b""
        async with asyncio.timeout(timeout):
            while text.encode() not in seen:
                seen += await self.receive()

    async def receive(self) -> bytes:
        """Return what comes next: a message, or some bytes."""
        data = await (self._message() if self._url.scheme == "ws" else self.reader.read(4096))
        if not data:
            raise ConnectionError("the server closed")
        if self._replying and self.departure == "mid-reply":
            raise Leave
        return data

    @contextlib.asynccontextmanager
    async def reply(self) -> AsyncIterator[None]:
        """Mark the part of a visit in which "mid-reply" leaves."""
        self._replying = True
        yield
        self._replying = False

    async def leave(self) -> None:
        """Leave as the departure says; a vanished client stays connected and is returned to nobody."""
        if self.departure == "reset":
            raw = self.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        elif self.departure == "half-close":
            self.writer.write_eof()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    await self.reader.read()
        elif self.departure in ("close", "going-away") and self._url.scheme == "ws":
            code = 1000 if self.departure == "close" else 1001
            self._write(_frame(CLOSE, struct.pack("!H", code)))
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    await self.reader.read()
        if self.departure != "vanish":
            self.writer.close()

    def _write(self, data: bytes) -> None:
        self.writer.write(data)

    async def _message(self) -> bytes:
        while True:
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            data = await self.reader.readexactly(length)
            if first & 15 == PING:
                self._write(_frame(PONG, data))
            elif first & 15 == CLOSE:
                raise ConnectionError(f"the server closed: {data!r}")
            elif data:
                return data


def load_visit(path: Path | None) -> Visit:
    """Return the visit of a file; without one: connect and wait for the first message."""
    if path is None:
        return _plain
    spec = importlib.util.spec_from_file_location("visit", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    visit: Visit = module.visit
    return visit


async def _plain(client: PlainClient) -> None:
    await client.connect()
    await client.receive()


def _frame(opcode: int, data: bytes) -> bytes:
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    return bytes([0x80 | opcode, 0x80 | len(data)]) + mask + masked
