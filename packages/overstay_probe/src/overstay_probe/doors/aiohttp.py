"""The door of aiohttp.web: one session per request, a WebSocket being a request that stays."""

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from overstay_probe import _install
from overstay_probe._session import session
from overstay_probe._wrap import wrap
from overstay_probe.holdings import objects


def fit(module: ModuleType) -> None:
    """Put the door around the handling of one request, which includes the sending of its response."""
    wrap(module.Server, "__init__", _announcing)
    wrap(module.RequestHandler, "_handle_request", _behind_a_door)


def _announcing(init: Callable[..., None]) -> Callable[..., None]:
    def __init__(server: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in that place
        init(server, *args, **kwargs)
        _install.announce("aiohttp")

    return __init__


def _behind_a_door(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def _handle_request(protocol: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        transport = request.transport
        client = None if transport is None else transport.get_extra_info("peername")
        kind = "websocket" if request.headers.get("Upgrade", "").lower() == "websocket" else "http"
        with session(path=request.path, client=client, kind=kind, door="aiohttp") as number:
            objects.own(number, "connection", request)
            objects.own(number, "protocol", protocol)
            objects.own(number, "transport", transport)
            return await original(protocol, request, *args, **kwargs)

    return _handle_request
