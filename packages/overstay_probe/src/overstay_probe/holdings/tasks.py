"""Tasks: what a session set going and nobody ends.

The session is read from the task's own context, which costs nothing when a task is made; the site is put on the task
itself, so it goes when the task goes and no table of ours must be kept. `loop.create_task` is replaced on the class
of the loop and not by a task factory, because an application may set a factory of its own, before or after us.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from contextvars import Context
from types import CodeType
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current, ledger
from overstay_probe._wrap import definer, wrap
from overstay_probe.holdings._row import row

_FARTHEST_AWAIT = 64


def arm() -> None:
    """Watch every loop that serves a session."""
    ledger.on_loop.append(_watch)


def _watch(loop: asyncio.AbstractEventLoop) -> None:
    wrap(definer(type(loop), "create_task"), "create_task", _recording, rests=True)
    wrap(definer(type(loop), "call_soon_threadsafe"), "call_soon_threadsafe", _asking, rests=True)


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_task(loop: Any, coro: Any, **options: Any) -> Any:
        task = original(loop, coro, **options) if options else original(loop, coro)
        if current.get():
            try:
                task.overstay_site = _site.here()
            except Exception as error:  # the application's task was made; only our note of it failed
                _trouble.disarm("tasks", error)
        return task

    return create_task


def _asking(original: Callable[..., Any]) -> Callable[..., Any]:
    """Let a task that another thread asks for, by run_coroutine_threadsafe, know the asking line."""

    def call_soon_threadsafe(loop: Any, callback: Any, *args: Any, **options: Any) -> Any:
        if not current.get():
            return original(loop, callback, *args, **options)
        site = _site.here()

        def on_behalf(*args: Any) -> Any:
            with _site.asked_at(site):
                return callback(*args)

        return original(loop, on_behalf, *args, **options)

    return call_soon_threadsafe


def alive() -> Iterator[dict[str, Any]]:
    """Yield the unfinished tasks that belong to a session."""
    for loop in list(ledger.loops):
        if loop.is_closed():
            continue
        for task in asyncio.all_tasks(loop):
            session = session_of(task)
            if session:
                coroutine = task.get_coro()
                yield row(
                    "task",
                    session,
                    site_of(task),
                    name=getattr(coroutine, "__qualname__", type(coroutine).__name__),
                    waiting=_site.suspended(awaiting(coroutine)),
                )


def site_of(task: "asyncio.Task[Any]") -> _site.Site:
    """Return the line that made a task, else where its coroutine is written."""
    return getattr(task, "overstay_site", None) or _site_of(task.get_coro())


def session_of(task: "asyncio.Task[Any]") -> int:
    """Return the session in whose context a task runs, 0 for none."""
    if sys.version_info >= (3, 12):
        return int(task.get_context().get(current, 0))
    # 3.11 has no Task.get_context, but the collector knows what a task refers to.
    for referent in gc.get_referents(task):
        if type(referent) is Context:
            return int(referent.get(current, 0))
    return 0


def awaiting(coroutine: Any) -> list[_site.Frame]:
    """Return where a coroutine is suspended: outermost frame first, the innermost await last."""
    frames: list[_site.Frame] = []
    for _ in range(_FARTHEST_AWAIT):
        for prefix, inner in (("cr", "cr_await"), ("gi", "gi_yieldfrom"), ("ag", "ag_await")):
            if hasattr(coroutine, f"{prefix}_frame"):
                frame = getattr(coroutine, f"{prefix}_frame")
                if frame is not None:
                    frames.append((frame.f_code, frame.f_lasti))
                coroutine = getattr(coroutine, inner)
                break
        else:
            break
    return frames


def _site_of(coroutine: Any) -> _site.Site:
    code: CodeType | None = getattr(coroutine, "cr_code", None) or getattr(coroutine, "gi_code", None)
    return _site.site_of_code(code or _nowhere.__code__)


def _nowhere() -> None:
    """Stand for the making of a task whose coroutine is no Python function."""
