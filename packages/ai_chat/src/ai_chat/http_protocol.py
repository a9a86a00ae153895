"""uvicorn's HTTP protocol, which also lets go of peers that connect and do not ask.

uvicorn waits for a request as long as the peer likes, and takes headers without end. It answers the handshakes that
have come together in one pass of the loop, which a hundred pages that open at once make 20 ms long.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ASK_SECONDS: Final = 10.0  # from the connection, or the last answer, to the end of a request's headers
HEAD_BYTES: Final = 65_536  # that a request's line and headers may take


class Peers:
    """Connections that are no WebSockets yet: how many each address has, and those that wait to become one."""

    def __init__(self, most_of_one: int) -> None:
        self._most_of_one = most_of_one
        self._open: Counter[str] = Counter()
        self._line: deque[Callable[[], None]] = deque()

    def enter(self, address: str) -> bool:
        """Count a connection; whether there is room for it."""
        self._open[address] += 1
        return self._open[address] <= self._most_of_one

    def leave(self, address: str) -> None:
        """Count it no more."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def queue(self, shake_hands: Callable[[], None]) -> None:
        """Let a connection become a WebSocket when it is its turn: one does in each pass of the loop."""
        self._line.append(shake_hands)
        if len(self._line) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        try:
            self._line[0]()
        finally:
            self._line.popleft()
            if self._line:
                asyncio.get_running_loop().call_soon(self._next)


class HTTPProtocol(HttpToolsProtocol):
    """Aborts a connection that is one too many of its address, or that does not ask, or read its answer, in time."""

    def __init__(self, peers: Peers, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._peers = peers
        self._address: str | None = None  # while it is counted
        self._abort: asyncio.TimerHandle | None = None  # while a request is awaited
        self._unread: asyncio.TimerHandle | None = None  # while an answer waits to be read
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Somebody is there."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if self._peers.enter(self._address):
            self._await_request()
        else:
            transport.abort()

    def _await_request(self) -> None:
        self._await_no_request()
        self._head = 0
        self._abort = self.loop.call_later(ASK_SECONDS, self.transport.abort)

    def _await_no_request(self) -> None:
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None

    def data_received(self, data: bytes) -> None:
        """A part of a request, or of its body, which uvicorn bounds itself."""
        super().data_received(data)
        if self._abort is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.transport.abort()

    def on_headers_complete(self) -> None:
        """It asks."""
        self._await_no_request()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """It is answered, and may ask again, unless it has done so already."""
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last and not self.transport.is_closing():
            self._await_request()

    def pause_writing(self) -> None:
        """It does not read what it is answered."""
        super().pause_writing()
        self._unread = self.loop.call_later(ASK_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads."""
        super().resume_writing()
        self._await_no_reading()

    def _await_no_reading(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def handle_websocket_upgrade(self) -> None:
        """It asks to be a WebSocket, and is one from its turn on, counted as one."""
        self.transport.pause_reading()
        self._peers.queue(self._shake_hands)

    def _shake_hands(self) -> None:
        if not self.transport.is_closing():
            self._leave()
            super().handle_websocket_upgrade()
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._await_no_request()
        self._await_no_reading()
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        if self._address is not None:
            self._peers.leave(self._address)
            self._address = None
