"""The door of `asyncio.start_server` and `start_unix_server`: one session per connection."""

import functools
from collections.abc import Callable, Coroutine
from types import ModuleType
from typing import Any

from overstay_probe import _install, doors
from overstay_probe._ledger import ledger
from overstay_probe._session import session
from overstay_probe._wrap import wrap
from overstay_probe.holdings import objects


def fit(module: ModuleType) -> None:
    """Put the door around the callback that is given to the servers of asyncio's streams."""
    import asyncio  # noqa: PLC0415 - where the program says `asyncio.start_server`, once that name is bound

    for name in ("start_server", "start_unix_server"):
        if hasattr(module, name):
            wrap(module, name, _behind_a_door)
            if hasattr(asyncio, name):
                wrap(asyncio, name, _behind_a_door)


def _behind_a_door(start: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(start)
    async def start_behind_a_door(client_connected_cb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if _has_its_own_door(client_connected_cb):
            return await start(client_connected_cb, *args, **kwargs)
        _install.announce("asyncio streams")
        return await start(_door(client_connected_cb), *args, **kwargs)

    return start_behind_a_door


def _has_its_own_door(callback: Callable[..., Any]) -> bool:
    """Tell whether a server built on streams, such as hypercorn, opens better sessions than its connections are."""
    servers = {name.partition(".")[0] for name in doors.DOORS}
    return getattr(callback, "__module__", "").partition(".")[0] in servers - {"asyncio", "anyio"}


def _door(connected: Callable[..., Any]) -> Callable[..., Any]:
    def on_client(reader: Any, writer: Any) -> Any:
        stay = session(client=writer.get_extra_info("peername"), door="asyncio streams")
        # A callback runs until it returns, a coroutine until it ends; only calling it tells which it is.
        number = stay.__enter__()
        objects.own(number, "connection", writer, reader)
        objects.own(number, "transport", writer.transport)
        try:
            result = connected(reader, writer)
        except BaseException:
            stay.__exit__(None, None, None)
            raise
        if hasattr(result, "__await__") and hasattr(result, "send"):
            stay.pause()
            return _served(stay, result)
        stay.pause()
        _end_with_connection(writer, number)
        return result

    return on_client


async def _served(stay: session, result: Coroutine[Any, Any, Any]) -> Any:
    with stay.resumed():
        return await result


def _end_with_connection(writer: Any, number: int) -> None:
    """End the session of a plain callback when its connection is lost: only then is the client gone."""
    closed = getattr(getattr(writer, "_protocol", None), "_closed", None)
    if closed is None:
        ledger.end(number)
    else:
        closed.add_done_callback(lambda _: ledger.end(number))
