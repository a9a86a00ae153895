"""A page: it opens, talks and stays as a browser's page does, for a fraction of what a browser costs."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import wire

Kind = Literal["native", "open-llm-vtuber"]
PATHS: dict[Kind, str] = {"native": "/v1/ws", "open-llm-vtuber": "/client-ws"}
OPENED: dict[Kind, str] = {"native": "welcome", "open-llm-vtuber": "group-update"}  # the last frame of an opening
BEATS: dict[Kind, dict[str, str]] = {"native": {"type": "ping"}, "open-llm-vtuber": {"type": "heartbeat"}}
HEARTBEAT = 5.0
PATIENCE = 60.0


class Page(asyncio.Protocol):
    """One WebSocket. Say what is expected before asking for it: frames that nobody expects are dropped."""

    def __init__(self, kind: Kind, hello: dict[str, object]) -> None:
        self.kind = kind
        self.is_open = False
        self._hello = hello
        self._rest = b""
        self._expected: dict[bytes, asyncio.Future[bytes]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(wire.handshake(PATHS[self.kind]))

    def data_received(self, data: bytes) -> None:
        """Take what the server sends."""
        self._rest += data
        if not self.is_open:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101"), head
            self.is_open = True
            if self.kind == "native":
                self.send(type="hello", version=1, lang="en", audio=True, **self._hello)
        frames, self._rest = wire.split(self._rest)
        for opcode, payload in frames:
            self._take(opcode, payload)

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == wire.PING:
            self._transport.write(wire.frame(wire.PONG, payload))
        for start in [start for start in self._expected if payload.startswith(start)]:
            self._expected.pop(start).set_result(payload)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has closed the page, or the page has left."""
        self.is_open = False
        for future in self._expected.values():
            future.set_exception(exc or ConnectionError("the server closed the page"))

    def send(self, **fields: object) -> None:
        """Say something."""
        self._transport.write(wire.frame(wire.TEXT, json.dumps(fields).encode()))

    def beat(self) -> None:
        """Say that the page is there."""
        if self.is_open:
            self.send(**BEATS[self.kind])

    def expect(self, **fields: str) -> asyncio.Future[bytes]:
        """The next frame that begins with these fields."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._expected[json.dumps(fields)[:-1].encode()] = future
        return future

    async def ask(self, **fields: object) -> Any:
        """Say something, and wait for the frame of the same type."""
        answer = self.expect(type=str(fields["type"]))
        self.send(**fields)
        return json.loads(await answer)

    async def turn(self, number: int) -> float:
        """One turn of the chat; the seconds until its first sentence. The page says in the end that it has seen all."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self.kind == "native":
            first, end = self.expect(type="sentence"), self.expect(type="turn.end")
            self.send(type="say", id=f"s{number}", text="hello")
        else:
            first, end = self.expect(type="audio"), self.expect(type="control", text="conversation-chain-end")
            self.send(type="text-input", text="hello")
        await first
        seconds = loop.time() - began
        told = json.loads(await end)
        if self.kind == "native":
            self.send(type="seen", seq=told["seq"])
        return seconds

    def leave(self) -> None:
        """Close the tab."""
        self._transport.write(wire.frame(wire.CLOSE, (1001).to_bytes(2, "big")))
        self._transport.close()


async def open_page(port: int, kind: Kind, **hello: object) -> Page:
    """A page that is ready: it has the last frame of its opening."""
    page = Page(kind, hello)
    opened = page.expect(type=OPENED[kind])
    await asyncio.get_running_loop().create_connection(lambda: page, "127.0.0.1", port)
    async with asyncio.timeout(PATIENCE):
        await opened
    return page


async def stay(pages: list[Page]) -> None:
    """Let pages say that they are there, each once a heartbeat, until cancelled."""
    while True:
        for page in list(pages):
            page.beat()
            await asyncio.sleep(HEARTBEAT / max(1, len(pages)) * 0.9)
        if not pages:
            await asyncio.sleep(HEARTBEAT / 10)
