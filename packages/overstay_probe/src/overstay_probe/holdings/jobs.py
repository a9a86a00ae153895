"""Executor jobs that a session submitted and that are not done.

`loop.run_in_executor` does not copy the context, so the call is wrapped: a file opened in the job has a session too.
"""

import concurrent.futures.thread
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current
from overstay_probe._wrap import wrap
from overstay_probe.holdings._row import row

_jobs: "weakref.WeakSet[Any]" = weakref.WeakSet()


def arm() -> None:
    """Replace ThreadPoolExecutor.submit."""
    wrap(concurrent.futures.thread.ThreadPoolExecutor, "submit", _recording)


def forget() -> None:
    """Drop the parent's jobs."""
    _jobs.clear()


class _Job:
    """A call that runs inside the session that submitted it."""

    __slots__ = ("_call", "_session", "_site")

    def __init__(self, session: int, site: _site.Site, call: Callable[..., Any]) -> None:
        self._session = session
        self._site = site
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before = current.get()
        current.set(self._session)
        try:
            with _site.asked_at(self._site):
                return self._call(*args, **kwargs)
        finally:
            current.set(before)


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(executor: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        session = current.get()
        if not session:
            return original(executor, fn, *args, **kwargs)
        site = _site.here()
        future = original(executor, _Job(session, site, fn), *args, **kwargs)
        try:
            future.overstay_held = (session, site)
            _jobs.add(future)
        except Exception as error:  # the job was submitted; only our note of it failed
            _trouble.disarm("jobs", error)
        return future

    return submit


def alive() -> Iterator[dict[str, Any]]:
    """Yield the jobs that wait or run for a session."""
    for future in list(_jobs):
        if not future.done():
            yield row("job", *future.overstay_held, running=future.running())
