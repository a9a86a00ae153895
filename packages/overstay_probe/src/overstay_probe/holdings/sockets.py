"""Sockets that a session opened and that are still open.

A socket object is seen when it is made and held weakly. uvloop opens its connections in C, so there the transports are
noted instead.
"""

import asyncio
import socket
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current, ledger
from overstay_probe._types import is_a
from overstay_probe._wrap import wrap
from overstay_probe.holdings._row import row

_CONNECTING = ("create_connection", "create_unix_connection", "create_datagram_endpoint")


class _Held(weakref.ref[Any]):
    """A weak reference that knows whose socket it is."""

    __slots__ = ("session", "site")

    session: int
    site: _site.Site


_sockets: set[_Held] = set()


def arm() -> None:
    """Replace the making of sockets, and of the transports of loops that are not asyncio's own."""
    wrap(socket.socket, "__init__", _noting, rests=True)
    ledger.on_loop.append(_watch)


def forget() -> None:
    """Drop the parent's sockets."""
    _sockets.clear()


def _noting(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in that place
        original(sock, *args, **kwargs)
        session = current.get()
        if session:
            try:
                _hold(sock, session, _site.here())
            except Exception as error:  # the socket was made; only our note of it failed
                _trouble.disarm("sockets", error)

    return __init__


def _hold(thing: Any, session: int, site: _site.Site) -> None:
    held = _Held(thing, _sockets.discard)
    held.session = session
    held.site = site
    _sockets.add(held)


def _watch(loop: asyncio.AbstractEventLoop) -> None:
    if not isinstance(loop, asyncio.BaseEventLoop):
        for name in _CONNECTING:
            wrap(type(loop), name, _recording, rests=True)


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    async def connecting(loop: Any, *args: Any, **kwargs: Any) -> Any:
        session = current.get()
        site = _site.here() if session else None
        made = await original(loop, *args, **kwargs)
        if site is not None:
            try:
                _hold(made[0], session, site)
            except Exception as error:  # the connection was made; only our note of it failed
                _trouble.disarm("sockets", error)
        return made

    return connecting


def alive() -> Iterator[dict[str, Any]]:
    """Yield the open sockets and transports that a session made."""
    for held in list(_sockets):
        thing = held()
        if thing is None:
            continue
        if is_a(thing, socket.socket):
            is_open, peer = thing.fileno() != -1, _peer(thing)
        else:
            is_open, peer = not thing.is_closing(), _spelled(thing.get_extra_info("peername"))
        del thing
        if is_open:
            yield row("socket", held.session, held.site, peer=peer)


def _peer(sock: socket.socket) -> str:
    try:
        return _spelled(sock.getpeername())
    except OSError:
        return ""


def _spelled(address: Any) -> str:
    """Return an address as host:port, a path as it is, and nothing for nothing."""
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return str(address or "")
