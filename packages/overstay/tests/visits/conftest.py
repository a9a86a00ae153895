"""A server on raw sockets that reports exactly what each client did."""

import asyncio
import contextlib
import socket
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from overstay.visits import Departure, Destination, Driver, VisitRecord, VisitScript

ESTABLISHED = 1
DEADLINE = 10.0


@dataclass(frozen=True)
class Frame:
    """A WebSocket frame as it came: its opcode, the length that its header announces, and the payload that followed."""

    opcode: int
    announced: int
    payload: bytes

    @property
    def close_code(self) -> int:
        return int.from_bytes(self.payload[:2], "big")


def frames_in(data: bytes) -> list[Frame]:
    """Return the masked frames in `data`, the last one with whatever came of it."""
    frames = []
    while len(data) >= 6:
        length, start = data[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(data[2:10], "big"), 10
        mask, body = data[start : start + 4], data[start + 4 : start + 4 + length]
        frames.append(Frame(data[0] & 0xF, length, bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))))
        data = data[start + 4 + length :]
    return frames


class Peer:
    """The server's side of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.port: int = sock.getpeername()[1]
        self.data = b""
        self.head = b""
        self.heard: list[Frame] = []
        self.end: str | None = None

    async def read(self) -> bytes:
        """Read once; remember how the client ended."""
        try:
            data = await asyncio.get_running_loop().sock_recv(self.sock, 65536)
        except ConnectionResetError:
            self.end = "RST"
            return b""
        if not data:
            self.end = self.end or "EOF"
        self.data += data
        return data

    async def read_to(self, mark: bytes) -> bytes:
        """Read until `mark` has come or the client ended, and return and forget what came up to it."""
        while mark not in self.data and await self.read():
            pass
        found, separator, self.data = self.data.partition(mark)
        return found + separator

    async def read_to_end(self) -> None:
        """Read until the client has ended."""
        while self.end is None:
            await self.read()

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def accept_websocket(self) -> None:
        """Answer the opening handshake."""
        self.head = await self.read_to(b"\r\n\r\n")
        if not self.head.endswith(b"\r\n\r\n"):
            return
        server = WSConnection(ConnectionType.SERVER)
        server.receive_data(self.head)
        request = next(iter(server.events()))
        assert isinstance(request, Request)
        await self.send(server.send(AcceptConnection(subprotocol=next(iter(request.subprotocols), None))))

    async def say(self, text: str) -> None:
        """Send one text frame."""
        payload = text.encode()
        assert len(payload) < 65536
        length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
        await self.send(b"\x81" + length + payload)

    async def hear(self) -> Frame | None:
        """Read until one more whole frame has come and return it; None when the client ended first."""
        while True:
            frames = frames_in(self.data)
            if frames and len(frames[0].payload) == frames[0].announced:
                skip = 2 if frames[0].announced < 126 else 4 if frames[0].announced < 65536 else 10
                self.data = self.data[skip + 4 + frames[0].announced :]
                self.heard.append(frames[0])
                return frames[0]
            if not await self.read():
                return None

    @property
    def frames(self) -> list[Frame]:
        """What came and was not heard yet."""
        return frames_in(self.data)

    @property
    def tcp_state(self) -> int:
        """Return the state that the kernel gives our side of the connection: 1 established, 7 closed, 8 close-wait."""
        return self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] if self.sock.fileno() >= 0 else 7


Talk = Callable[[Peer], Awaitable[None]]


@dataclass
class Recorder:
    """The connections that were accepted, in order, and a way to wait until they were all talked to."""

    port: int
    peers: list[Peer] = field(default_factory=list)
    talks: list[asyncio.Task[None]] = field(default_factory=list)

    async def all_done(self) -> None:
        """Wait until the server has seen the end of every client, and raise what went wrong there."""
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*self.talks)

    async def accepted(self, count: int) -> None:
        """Wait until `count` connections have been accepted."""
        async with asyncio.timeout(DEADLINE):
            while len(self.peers) < count:
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def recording(talk: Talk) -> AsyncIterator[Recorder]:
    """Run a server that calls `talk` with each connection."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        recorder = Recorder(listener.getsockname()[1])

        async def accept() -> None:
            while True:
                sock, _ = await loop.sock_accept(listener)
                sock.setblocking(False)
                recorder.peers.append(Peer(sock))
                recorder.talks.append(asyncio.create_task(talk(recorder.peers[-1])))

        accepting = asyncio.create_task(accept())
        try:
            yield recorder
        finally:
            accepting.cancel()
            for task in recorder.talks:
                task.cancel()
            await asyncio.wait([accepting, *recorder.talks])
            for peer in recorder.peers:
                peer.sock.close()


@dataclass
class Bench:
    """What the tests of visits work with."""

    folder: Path

    Peer = Peer
    recording = staticmethod(recording)
    frames_in = staticmethod(frames_in)
    ESTABLISHED = ESTABLISHED

    def script(self, body: str | None) -> VisitScript:
        """Load a visit file with this text."""
        if body is None:
            return VisitScript.load(None)
        file = self.folder / "visit.py"
        file.write_text(textwrap.dedent(body), encoding="utf-8")
        return VisitScript.load(file)

    def driver(self, url: str, body: str | None = None, *, timeout: float = 5.0, **options: object) -> Driver:
        visit_timeout = float(str(options.pop("visit_timeout", 30.0)))
        concurrency = int(str(options.pop("concurrency", 4)))
        destination = Destination(url, **options)  # type: ignore[arg-type]  # the tests pass what the class takes
        return Driver(
            destination, self.script(body), timeout=timeout, visit_timeout=visit_timeout, concurrency=concurrency
        )

    async def visit(
        self, url: str, departure: Departure = Departure.CLOSE, body: str | None = None, **options: object
    ) -> VisitRecord:
        """Make one visit with a driver of its own."""
        driver = self.driver(url, body, **options)  # type: ignore[arg-type]  # as above
        try:
            [record] = await driver.make([departure], first_n=1)
        finally:
            await driver.aclose()
        return record


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
