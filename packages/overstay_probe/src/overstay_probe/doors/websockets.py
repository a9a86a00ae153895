"""The doors of the websockets library's own servers, asyncio and threaded: one session per connection.

The session is the library's whole care for the connection, handshake and closing included, so that a connection that
the library cannot get rid of is a session that never ends. Servers that only use the library's protocol, as uvicorn
does, have a door of their own and do not pass here.
"""

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from overstay_probe import _install
from overstay_probe._session import session
from overstay_probe._wrap import wrap
from overstay_probe.holdings import objects


def fit_asyncio(module: ModuleType) -> None:
    """Put the door around the connection handler of `websockets.serve`: a method until 16, an attribute since."""
    wrap(module.Server, "__init__", _init_asyncio)
    if hasattr(module.Server, "conn_handler"):
        wrap(module.Server, "conn_handler", _method_behind_a_door)


def _init_asyncio(init: Callable[..., None]) -> Callable[..., None]:
    def __init__(server: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in that place
        init(server, *args, **kwargs)
        if not hasattr(server, "conn_handler"):
            server.handler = _behind_a_door(server.handler)
        _install.announce("websockets")

    return __init__


def _method_behind_a_door(conn_handler: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def conn_handler_behind_a_door(server: Any, connection: Any) -> None:
        with session(client=connection.remote_address, kind="websocket", door="websockets") as number:
            _own(number, connection)
            await conn_handler(server, connection)

    return conn_handler_behind_a_door


def _behind_a_door(handler: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def handler_behind_a_door(connection: Any) -> None:
        with session(client=connection.remote_address, kind="websocket", door="websockets") as number:
            _own(number, connection)
            await handler(connection)

    return handler_behind_a_door


def _own(number: int, connection: Any) -> None:
    objects.own(number, "connection", connection)
    objects.own(number, "transport", getattr(connection, "transport", None))


def fit_sync(module: ModuleType) -> None:
    """Put the door around the connection handler of `websockets.sync.server.serve`."""
    wrap(module.Server, "__init__", _init_sync)


def _init_sync(init: Callable[..., None]) -> Callable[..., None]:
    def __init__(server: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in that place
        init(server, *args, **kwargs)
        handler = server.handler

        def handler_behind_a_door(sock: Any, address: Any) -> None:
            with session(client=address, kind="websocket", door="websockets") as number:
                objects.own(number, "connection", sock)
                handler(sock, address)

        server.handler = handler_behind_a_door
        _install.announce("websockets")

    return __init__
