"""Opens channels to one server."""

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from overstay.errors import TargetError
from overstay.visits.channel import Channel, new_socket
from overstay.visits.destination import Destination, Location
from overstay.visits.tls import TlsChannel, tls_context

BeforeConnect = Callable[[int], Awaitable[None]]
_Address = tuple[int, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Dialed:
    """An open channel and the monotonic time at which its TCP connect began."""

    channel: Channel
    at: float


class Dialer:
    """Opens channels to the server of one destination, at the address that answered first."""

    def __init__(self, destination: Destination, *, timeout: float) -> None:
        self._destination = destination
        self._timeout = timeout
        self._addresses: list[_Address] = []
        self._context: ssl.SSLContext | None = None

    async def dial(self, location: Location, before_connect: BeforeConnect | None, *, is_slow: bool) -> Dialed:
        """Return a channel to `location`; raises TargetError when there is no connection or no TLS."""
        try:
            async with asyncio.timeout(self._timeout):
                sock, at = await self._connect(location, before_connect, is_slow=is_slow)
        except TimeoutError as err:
            raise TargetError("visit.no-connection", url=str(location), error=os.strerror(errno.ETIMEDOUT)) from err
        except OSError as err:
            raise TargetError("visit.no-connection", url=str(location), error=_reason(err)) from err
        except UnicodeError as err:  # a host that no name server could be asked for
            raise TargetError("visit.no-connection", url=str(location), error=str(err)) from err
        if not location.is_secure:
            return Dialed(Channel(sock, is_slow=is_slow), at)
        return Dialed(await self._secure(sock, location, is_slow=is_slow), at)

    async def _connect(
        self, location: Location, before_connect: BeforeConnect | None, *, is_slow: bool
    ) -> tuple[socket.socket, float]:
        """Return a connected socket; of several addresses the first that answers is kept for the next time."""
        loop = asyncio.get_running_loop()
        if not self._addresses:
            found = await loop.getaddrinfo(location.host, location.port, type=socket.SOCK_STREAM)
            self._addresses = [(family, address) for family, _, _, _, address in found]
        refusal: OSError | None = None
        for family, address in tuple(self._addresses):
            try:
                sock, at = await _connected(family, address, before_connect, is_slow=is_slow)
            except OSError as err:
                refusal = refusal or err
            else:
                self._addresses = [(family, address)]
                return sock, at
        raise refusal or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))

    async def _secure(self, sock: socket.socket, location: Location, *, is_slow: bool) -> TlsChannel:
        if self._context is None:
            self._context = tls_context(insecure=self._destination.insecure)
        channel = TlsChannel(sock, self._context, location.host, is_slow=is_slow)
        try:
            async with asyncio.timeout(self._timeout):
                await channel.shake_hands()
        except OSError as err:  # ssl.SSLError and TimeoutError are OSErrors
            channel.fin()
            slug = "visit.certificate" if isinstance(err, ssl.SSLCertVerificationError) else "visit.tls"
            raise TargetError(slug, url=str(location), error=_reason(err)) from err
        except BaseException:
            channel.fin()
            raise
        return channel


async def _connected(
    family: int, address: tuple[object, ...], before_connect: BeforeConnect | None, *, is_slow: bool
) -> tuple[socket.socket, float]:
    sock = new_socket(family, is_slow=is_slow)
    try:
        if before_connect is not None:
            await before_connect(sock.getsockname()[1])
        at = time.monotonic()
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock, at


def _reason(err: OSError) -> str:
    """Return the operating system's or OpenSSL's words for `err`, without the address, which the message quotes."""
    if isinstance(err, ssl.SSLCertVerificationError):
        return err.verify_message
    if isinstance(err, ssl.SSLError):
        return err.reason or str(err)
    if isinstance(err, TimeoutError):
        return os.strerror(errno.ETIMEDOUT)
    if isinstance(err, socket.gaierror) or not err.errno:
        return err.strerror or str(err)
    return os.strerror(err.errno)
