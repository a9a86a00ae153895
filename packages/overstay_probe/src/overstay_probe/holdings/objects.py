"""Session objects: what a session owns by definition, and what should be gone when it has ended.

A door hands them in: the connection, the task that handles it, the protocol, the transport, and for ASGI a mark in the
scope, which lives as long as anybody keeps the scope. They are known by weak references, so that knowing of them keeps
nothing alive. An object that serves one session after another belongs to the latest.
"""

import asyncio
import gc
import weakref
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from overstay_probe import _site, _wrap
from overstay_probe._ledger import ledger
from overstay_probe._types import is_a, mro, namespace, qualified, read
from overstay_probe.holdings._row import row


class Owned(weakref.ref):  # type: ignore[type-arg]  # to an object of any type
    """A weak reference to an object that a session owns."""

    __slots__ = ("key", "kind", "role", "session")
    key: int
    kind: type
    role: str
    session: int


_owned: dict[int, Owned] = {}
_collecting = False


def arm() -> None:
    """Hear when the collector runs: what goes meanwhile was part of a cycle. The doors hand the objects in."""
    if _on_collector not in gc.callbacks:
        gc.callbacks.append(_on_collector)


def disarm() -> None:
    """Hear no more of the collector."""
    if _on_collector in gc.callbacks:
        gc.callbacks.remove(_on_collector)


def _on_collector(phase: str, _: Mapping[str, int]) -> None:
    global _collecting  # noqa: PLW0603 - the collector runs once at a time
    _collecting = phase == "start"


def forget() -> None:
    """Drop the parent's objects."""
    _owned.clear()


def own(session: int, role: str, *things: object) -> None:
    """Note that a session owns these; what cannot be referenced weakly is left out.

    `role` is one of connection, task, protocol, transport, scope. While the hooks rest, nothing is noted.
    """
    if _wrap.is_resting():
        return
    for thing in things:
        if thing is None:
            continue
        try:
            owned = Owned(thing, _gone)
        except TypeError:
            continue
        owned.key, owned.kind, owned.role, owned.session = id(thing), type(thing), role, session
        _owned[owned.key] = owned


def _gone(owned: Owned) -> None:
    if _owned.get(owned.key) is owned:
        del _owned[owned.key]
        if _collecting and owned.session not in ledger.open:
            ledger.note("collected", owned.session, owned.role, _site_of_type(owned.kind).number)


def survivors() -> list[tuple[Owned, object]]:
    """Return what exists, with the object itself; let go of the list soon."""
    found = ((owned, owned()) for owned in list(_owned.values()))
    return [(owned, thing) for owned, thing in found if thing is not None and not _is_running(thing)]


def alive() -> Iterator[dict[str, Any]]:
    """Yield the session objects that exist."""
    for owned, thing in survivors():
        yield row("object", owned.session, _site_of(thing), role=owned.role, type=qualified(type(thing)), id=owned.key)


def _is_running(thing: object) -> bool:
    """Tell whether it is a task that goes on: one that serves a client after another, or a holding of its own."""
    return is_a(thing, asyncio.Task) and not asyncio.Task.done(thing)


def _site_of(thing: object) -> _site.Site:
    """Return where a thing's class is written, the nearest to a line that an object has."""
    if is_a(thing, asyncio.Task):
        code = read(asyncio.Task.get_coro(thing), "cr_code")
        if code is not None:
            return _site.site_of_code(code)
    return _site_of_type(type(thing))


def _site_of_type(kind: type) -> _site.Site:
    for owner in mro(kind):
        init = namespace(owner).get("__init__")
        if type(init) is FunctionType:
            return _site.site_of_code(init.__code__)
    return _site.site_of_code(_site_of.__code__)
