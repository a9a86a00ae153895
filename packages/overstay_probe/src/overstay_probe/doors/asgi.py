"""The door of ASGI applications: one session per HTTP request or WebSocket connection."""

from collections.abc import Awaitable, Callable, MutableMapping
from types import ModuleType
from typing import Any

from overstay_probe import _install
from overstay_probe._ledger import current, ledger
from overstay_probe._session import begin_watched, port_of
from overstay_probe._wrap import wrap
from overstay_probe.holdings import objects

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
_INSIDE = "overstay.session"


class ASGIDoor:
    """An ASGI 3 application whose every connection is a session; a scope that has passed one door passes the next."""

    __slots__ = ("__weakref__", "app")

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket") or _INSIDE in scope:
            await self.app(scope, receive, send)
            return
        # What `session` does, without its calls: most servers' every request passes here.
        before, port = current.get(), port_of(scope.get("client"))
        number = ledger.begin("asgi", kind, scope["path"], port)
        current.set(number)
        scope[_INSIDE] = _Mark()
        if not ledger.is_resting:
            begin_watched(number, port)
            _own(number, scope, receive)
        try:
            await self.app(scope, receive, send)
        finally:
            current.set(before)
            ledger.end(number)


class _Mark:
    """What is put into a session's scope: there for as long as anybody keeps the scope or a copy of it."""

    __slots__ = ("__weakref__",)


def _own(number: int, scope: Scope, receive: Any) -> None:
    """Say what the session owns: its scope, and of the servers that hand in methods of theirs, their own objects."""
    cycle = getattr(receive, "__self__", None)
    objects.own(number, "scope", scope[_INSIDE])
    objects.own(number, "protocol", cycle, getattr(getattr(cycle, "on_response", None), "__self__", None))
    objects.own(number, "transport", getattr(cycle, "transport", None))


def asgi(app: Application) -> ASGIDoor:
    """Return the application behind a door, for a server that overstay does not know."""
    _install.announce_under_run()
    return ASGIDoor(app)


def fit_uvicorn(module: ModuleType) -> None:
    """Put the door around what `uvicorn.Config.load` has loaded: every worker and reloaded process comes through it."""
    wrap(module.Config, "load", _load_behind_a_door)


def _load_behind_a_door(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def load_behind_a_door(config: Any) -> None:
        load(config)
        if config.interface != "wsgi":
            config.loaded_app = ASGIDoor(config.loaded_app)
            _install.announce("uvicorn")

    return load_behind_a_door


def fit_hypercorn(module: ModuleType) -> None:
    """Put the door around the application that hypercorn wraps."""
    wrap(module.ASGIWrapper, "__init__", _init_behind_a_door)


def _init_behind_a_door(init: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def __init__(wrapper: Any, app: Any) -> None:  # noqa: N807 - it stands in that place
        init(wrapper, ASGIDoor(app))
        _install.announce("hypercorn")

    return __init__
