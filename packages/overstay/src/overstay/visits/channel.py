"""The bytes of one connection, on a socket of our own.

asyncio's transports buffer, close in a later turn of the loop and hide the socket: with them a departure is what the
transport makes of it. Here every FIN and RST is one call on the socket, at the moment it is meant.
"""

import asyncio
import contextlib
import socket
import struct
import sys

_READ_SIZE = 65536
_SLOW_READ_SIZE = 1024
_DRAIN_READS = 64
_LEAST_BUFFER = 1  # the kernel makes its own least of it: 2304 bytes on Linux
_LINGER_0 = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def new_socket(family: int, *, is_slow: bool = False) -> socket.socket:
    """Return a non-blocking socket, bound to a port of its own before it connects so that the port can be announced."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LEAST_BUFFER)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104 - it connects, it never listens
    except OSError:
        sock.close()
        raise
    return sock


class Channel:
    """Sends and receives bytes, and ends in each of the ways that TCP knows.

    Whoever reads must have stopped before any of the endings is called: a socket that is closed under a pending read
    leaves a dead descriptor in the loop's selector.
    """

    def __init__(self, sock: socket.socket, *, is_slow: bool = False) -> None:
        self._sock = sock
        self._read_size = _SLOW_READ_SIZE if is_slow else _READ_SIZE
        # A pong from the reading side must not land inside a message from the sending side.
        self._sending = asyncio.Lock()
        self.port: int = sock.getsockname()[1]

    async def send(self, data: bytes) -> None:
        """Send all of `data`; raises OSError when the server is gone."""
        async with self._sending:
            await asyncio.get_running_loop().sock_sendall(self._sock, data)

    def send_now(self, data: bytes) -> bool:
        """Send what the kernel takes without waiting, and tell whether it took all."""
        try:
            return self._sock.send(data) == len(data)
        except OSError:
            return False

    async def receive(self) -> bytes:
        """Return what has come, or nothing at the server's FIN; raises OSError at its RST."""
        return await asyncio.get_running_loop().sock_recv(self._sock, self._read_size)

    def shut(self) -> None:
        """Send FIN, nothing before it, and stay able to read."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def fin(self) -> None:
        """Send FIN and be gone; what the server sends from now on is answered by RST, as for any process that ended.

        A close with unread bytes in the receive buffer would send RST instead, so FIN goes first and the buffer is
        emptied.
        """
        self.shut()
        with contextlib.suppress(OSError):
            for _ in range(_DRAIN_READS):
                if not self._sock.recv(_READ_SIZE):
                    break
        self._sock.close()

    def farewell(self) -> None:
        """Say goodbye in the encryption's own words before FIN; plain TCP has none."""

    def reset(self) -> None:
        """Send RST."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        self._sock.close()
