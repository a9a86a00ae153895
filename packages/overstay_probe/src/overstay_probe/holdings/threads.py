"""Threads that a session started and that still run.

Contextvars do not cross `Thread.start` (before 3.14, and there only on request), so the session is handed over: what a
client's thread opens or starts is the client's too. A worker of a pool belongs to whoever made the pool, and gets no
session; its jobs bring their own.
"""

import concurrent.futures.thread
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current
from overstay_probe._wrap import wrap
from overstay_probe.holdings._row import row

_WORKER = concurrent.futures.thread._worker  # noqa: SLF001 - what tells a pool's thread
ours: set[int] = set()
"""The identifiers of the probe's own threads."""


def arm() -> None:
    """Replace Thread.start, and where a new thread begins."""
    wrap(threading.Thread, "start", _recording)
    wrap(threading.Thread, "_bootstrap_inner", _handing_over)


def forget() -> None:
    """Drop the parent's threads, which a fork does not copy."""
    ours.clear()


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def start(thread: Any) -> Any:
        session = current.get()
        if session:
            try:
                held = _held_by_pool(thread) if _is_worker(thread) else (session, _site.here())
                if held is not None:
                    thread.overstay_held = held
                if sys.version_info >= (3, 14):
                    _hand_over_by_context(thread, 0 if _is_worker(thread) else session)
            except Exception as error:  # the thread must start whatever happens to our note
                _trouble.disarm("threads", error)
        return original(thread)

    return start


def _hand_over_by_context(thread: Any, session: int) -> None:
    """Hand the session over on a Python whose threads run in a context of their own, made as Thread.start makes it."""
    if thread._context is None:  # noqa: SLF001 - a thread has no public way to be given one after its making
        inherits = getattr(sys.flags, "thread_inherit_context", False)
        thread._context = copy_context() if inherits else Context()  # noqa: SLF001 - as above
        thread._context.run(current.set, session)  # noqa: SLF001 - as above


def _handing_over(original: Callable[..., Any]) -> Callable[..., Any]:
    def _bootstrap_inner(thread: Any) -> Any:
        held = getattr(thread, "overstay_held", None)
        if held is not None and not _is_worker(thread):
            current.set(held[0])
            with _site.asked_at(held[1]):
                return original(thread)
        return original(thread)

    return _bootstrap_inner


def _is_worker(thread: Any) -> bool:
    if getattr(thread, "_target", None) is _WORKER:
        return True
    return type(thread).__name__ == "WorkerThread" and str(type(thread).__module__).startswith("anyio.")


def _held_by_pool(thread: Any) -> tuple[int, _site.Site] | None:
    """Return the session and site of the executor that a worker is started for; None when it is nobody's."""
    arguments = getattr(thread, "_args", ())
    executor = arguments[0]() if arguments and callable(arguments[0]) else None
    return getattr(executor, "overstay_held", None)


def alive() -> Iterator[dict[str, Any]]:
    """Yield the running threads that a session started."""
    frames = sys._current_frames()  # noqa: SLF001 - the only way to another thread's stack
    for thread in threading.enumerate():
        held = getattr(thread, "overstay_held", None)
        if held is not None and thread.is_alive():
            yield row(
                "thread", *held, name=thread.name, daemon=thread.daemon, waiting=stack(frames.get(thread.ident or 0))
            )


def stack(frame: Any) -> list[dict[str, Any]]:
    """Return where a running thread is, as plain data, outermost frame first."""
    found: list[_site.Frame] = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return _site.suspended(found[::-1])
