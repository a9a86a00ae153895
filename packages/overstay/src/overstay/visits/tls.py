"""A channel inside TLS.

The TLS engine works on memory buffers and the socket stays ours. asyncio's TLS transport would send close_notify on
its own and cannot be half closed.
"""

import asyncio
import contextlib
import socket
import ssl

from overstay.visits.channel import Channel


def tls_context(*, insecure: bool) -> ssl.SSLContext:
    """Return a client context that speaks HTTP/1.1; `insecure` accepts any certificate."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class TlsChannel(Channel):
    """A channel whose bytes are encrypted; call `shake_hands` before anything else."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str, *, is_slow: bool = False) -> None:
        super().__init__(sock, is_slow=is_slow)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._engine = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def shake_hands(self) -> None:
        """Finish the TLS handshake; raises ssl.SSLError or OSError."""
        while True:
            try:
                self._engine.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._take_in()
            except ssl.SSLError:
                # The alert that names our reason is in the buffer: the server's log should have it.
                with contextlib.suppress(OSError):
                    await self._flush()
                raise
            else:
                return await self._flush()

    async def send(self, data: bytes) -> None:
        """Encrypt and send all of `data`; raises OSError when the server is gone."""
        self._engine.write(data)
        await self._flush()

    def send_now(self, data: bytes) -> bool:
        """Encrypt `data`, send what the kernel takes without waiting, and tell whether it took all."""
        self._engine.write(data)
        return super().send_now(self._outgoing.read())

    async def receive(self) -> bytes:
        """Return what has come, or nothing when the server has ended, with or without close_notify."""
        while True:
            try:
                return self._engine.read(self._read_size)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._take_in()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def farewell(self) -> None:
        """Send close_notify, if the kernel takes it without waiting."""
        with contextlib.suppress(ssl.SSLError):
            self._engine.unwrap()
        super().send_now(self._outgoing.read())

    async def _take_in(self) -> None:
        data = await super().receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        # The buffer is emptied under the lock: records that overtake each other would break the session.
        async with self._sending:
            while data := self._outgoing.read():
                await asyncio.get_running_loop().sock_sendall(self._sock, data)
