"""uvicorn's WebSocket protocol, which also lets go of peers that do not read.

A transport that is closed while the peer does not read stays open, with its buffer, for as long as the peer likes.
What asyncio and uvicorn offer for that, an abort, is not reachable from an ASGI application.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER = 2.0  # seconds that the peer has to read the last frames


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Aborts the transport when its last frames are not read in time."""

    _abort: asyncio.TimerHandle | None = None

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
