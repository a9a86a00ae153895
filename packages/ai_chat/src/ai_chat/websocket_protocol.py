"""uvicorn's WebSocket protocol, which also lets go of peers that do not read.

A transport that is closed while the peer does not read stays open, with its buffer, for as long as the peer likes.
What asyncio and uvicorn offer for that, an abort, is not reachable from an ASGI application.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from ai_chat.admission import FrameRate

LINGER = 2.0  # seconds that the peer has to read the last frames
READ_AT_ONCE = 4_096  # bytes; asyncio's 256 KiB hold 43,000 frames, for which others would wait half a second
PARTS_PER_SECOND, PARTS_BURST = 100.0, 1_000  # pings, pongs and continuations, which are no messages


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Aborts the transport when its last frames are not read in time, or when frames come that say nothing."""

    _abort: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection begins."""
        super().connection_made(transport)
        transport.max_size = READ_AT_ONCE  # type: ignore[attr-defined]  # of asyncio's sockets
        self._parts = FrameRate(PARTS_PER_SECOND, PARTS_BURST)

    def data_received(self, data: bytes) -> None:
        """The request first, handed over whole: one that is not understood, such as for its length, is not answered."""
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.abort()

    def _count_part(self) -> bool:
        if not self._parts.allows():
            self.transport.abort()
        return not self.transport.is_closing()

    def handle_ping(self) -> None:
        """Answer it."""
        if self._count_part():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """It is there."""
        if self._count_part():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """A message goes on."""
        if self._count_part():
            super().handle_cont(event)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with this connection."""
        super().on_task_complete(task)
        self._linger()

    def keepalive_timeout(self) -> None:
        """The peer did not answer a ping: there is nobody to wait for."""
        super().keepalive_timeout()
        self.transport.abort()

    def _linger(self) -> None:
        if self._abort is None and not self.disconnected:
            self._abort = self.loop.call_later(LINGER, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, and with it what waited for that."""
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        super().connection_lost(exc)
