"""Timers: what a session asked the loop to call later and nobody cancelled. Live handles only.

The handles are found in the loop and the session in the handle's own context. What cannot be found there is the site,
so it is noted when the handle is made, under the handle's address together with its deadline: the deadline, a float of
nanosecond grain, tells whether the address has since been given to another handle. No handle is held by us, not even
weakly, and the notes are cleared out when they have doubled.
"""

import asyncio
import asyncio.futures
import functools
import gc
from collections.abc import Callable, Iterator
from contextvars import Context
from types import MethodType
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current, ledger
from overstay_probe._types import is_a, module_of, mro, name_of, read
from overstay_probe._wrap import definer, wrap
from overstay_probe.holdings._row import row

_SLEEP = asyncio.futures._set_result_unless_cancelled  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio.sleep's
_FEWEST_NOTES = 1024
_notes: dict[int, tuple[float, _site.Site]] = {}
_most_notes = _FEWEST_NOTES


def arm() -> None:
    """Watch every loop that serves a session."""
    ledger.on_loop.append(_watch)


def forget() -> None:
    """Drop the parent's notes."""
    _notes.clear()


def _watch(loop: asyncio.AbstractEventLoop) -> None:
    # BaseEventLoop.call_later calls call_at; uvloop's call_later does not.
    for name in ("call_at",) if isinstance(loop, asyncio.BaseEventLoop) else ("call_at", "call_later"):
        wrap(definer(type(loop), name), name, _recording, rests=True)


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def call_at(loop: Any, when: float, callback: Any, *args: Any, **options: Any) -> Any:
        handle = original(loop, when, callback, *args, **options)
        # asyncio.sleep's timer is part of the task that sleeps.
        if callback is not _SLEEP and current.get():
            try:
                _note(handle)
            except Exception as error:  # the application has its handle; only our note of it failed
                _trouble.disarm("timers", error)
        return handle

    return call_at


def _note(handle: Any) -> None:
    global _most_notes  # noqa: PLW0603 - one number beside the table that it bounds
    _notes[id(handle)] = (handle.when(), _site.here())
    if len(_notes) > _most_notes:
        living = {id(timer): None for loop in list(ledger.loops) for timer in scheduled(loop)}
        for key in [key for key in _notes if key not in living]:
            del _notes[key]
        _most_notes = max(_FEWEST_NOTES, 2 * len(_notes))


def scheduled(loop: asyncio.AbstractEventLoop) -> list[Any]:
    """Return the loop's timer handles, cancelled ones among them."""
    heap = getattr(loop, "_scheduled", None)
    if isinstance(heap, list):
        return list(heap)
    # uvloop hides its timers, but the collector knows the set that it keeps them in.
    sets = [referent for referent in gc.get_referents(loop) if type(referent) is set]
    return [handle for kept in sets for handle in list(kept) if name_of(type(handle)) == "TimerHandle"]


def alive() -> Iterator[dict[str, Any]]:
    """Yield the live timers that belong to a session, without those that are some task's waiting."""
    for loop in list(ledger.loops):
        if loop.is_closed():
            continue
        for handle in scheduled(loop):
            if handle.cancelled():
                continue
            session, callback = _contents(handle)
            if not session or _is_waiting(callback):
                continue
            yield row(
                "timer",
                session,
                _site_of_handle(handle, callback),
                name=_name(callback),
                due_in=round(handle.when() - loop.time(), 3),
            )


def held(handle: Any) -> tuple[int, _site.Site] | None:
    """Return session and site of a timer handle; None for one that is cancelled, nobody's, or some task's waiting."""
    session, callback = _contents(handle)
    if not session or handle.cancelled() or _is_waiting(callback):
        return None
    return session, _site_of_handle(handle, callback)


def _site_of_handle(handle: Any, callback: Any) -> _site.Site:
    when, site = _notes.get(id(handle), (None, None))
    return _site_of(callback) if site is None or when != handle.when() else site


def _contents(handle: Any) -> tuple[int, Any]:
    context = getattr(handle, "_context", None)
    callback = getattr(handle, "_callback", None)
    if context is None:
        for referent in gc.get_referents(handle):
            if type(referent) is Context:
                context = referent
            elif callback is None and callable(referent) and asyncio.AbstractEventLoop not in mro(type(referent)):
                callback = referent
    return (0 if context is None else int(context.get(current, 0))), callback


def _function(callback: Any) -> Any:
    if is_a(callback, functools.partial):
        callback = read(callback, "func")
    return callback.__func__ if type(callback) is MethodType else callback


def _is_waiting(callback: Any) -> bool:
    function = _function(callback)
    module = read(function, "__module__") or module_of(type(function))
    return type(module) is str and module.partition(".")[0] in ("asyncio", "anyio", "async_timeout")


def _name(callback: Any) -> str:
    return str(read(_function(callback), "__qualname__") or name_of(type(callback)))


def _site_of(callback: Any) -> _site.Site:
    code = read(_function(callback), "__code__")
    return _site.site_of_code(code or _is_waiting.__code__)
