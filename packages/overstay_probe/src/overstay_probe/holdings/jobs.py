"""Executor jobs that a session submitted and that are not done.

`loop.run_in_executor` does not copy the context, so the call is wrapped: a file opened in the job has a session too.
The threads of a pool belong to whoever made the pool, since any session may be the one for which it starts its next
thread; so an executor remembers its maker. anyio's worker threads are such a pool, made for all.
"""

import concurrent.futures.thread
import sys
import weakref
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current
from overstay_probe._wrap import wrap
from overstay_probe.holdings._row import row

_jobs: set[weakref.ref[Any]] = set()


def arm() -> None:
    """Replace ThreadPoolExecutor.submit, and where an executor is made."""
    wrap(concurrent.futures.thread.ThreadPoolExecutor, "__init__", _remembering)
    wrap(concurrent.futures.thread.ThreadPoolExecutor, "submit", _recording, rests=True)


def forget() -> None:
    """Drop the parent's jobs."""
    _jobs.clear()


def _remember(job: Any) -> None:
    """Know of a job for as long as somebody else does; a WeakSet does the same in Python code, several times slower."""
    _jobs.add(weakref.ref(job, _jobs.discard))


def _inside(session: int, site: _site.Site, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that runs in another thread as part of the session that submitted it."""

    def run(*args: Any, **kwargs: Any) -> Any:
        before, asked = current.get(), _site.ask(site)
        current.set(session)
        try:
            return call(*args, **kwargs)
        finally:
            current.set(before)
            _site.ask(asked)

    return run


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(executor: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        session = current.get()
        if not session:
            return original(executor, fn, *args, **kwargs)
        site = _site.here()
        call = fn if _is_for_interpreters(executor) else _inside(session, site, fn)
        future = original(executor, call, *args, **kwargs)
        try:
            future.overstay_held = (session, site)
            _remember(future)
        except Exception as error:  # the job was submitted; only our note of it failed
            _trouble.disarm("jobs", error)
        return future

    return submit


def _is_for_interpreters(executor: Any) -> bool:
    """Tell whether the calls go to other interpreters (3.14): only what can be pickled gets there, no call of ours."""
    makers = type(executor).__mro__ if sys.version_info >= (3, 14) else ()
    return any(maker.__module__ == "concurrent.futures.interpreter" for maker in makers)


def _remembering(original: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(executor: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in that place
        original(executor, *args, **kwargs)
        session = current.get()
        if session:
            executor.overstay_held = (session, _site.here())

    return __init__


def fit_anyio(module: ModuleType) -> None:
    """Follow the calls that anyio runs in its worker threads, from this module of its on."""
    backend = module.AsyncIOBackend
    original = backend.run_sync_in_worker_thread.__func__

    async def run_sync_in_worker_thread(cls: Any, func: Any, args: Any, *rest: Any, **kwargs: Any) -> Any:
        session = current.get()
        if session:
            func = _Call(session, _site.here(), func)
            _remember(func)
        return await original(cls, func, args, *rest, **kwargs)

    backend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)


class _Call:
    """A job that is its own record: it is there for as long as the thread, or what waits for one, holds the call."""

    __slots__ = ("__weakref__", "_call", "_is_done", "_is_running", "overstay_held")

    def __init__(self, session: int, site: _site.Site, call: Callable[..., Any]) -> None:
        self._call = _inside(session, site, call)
        self._is_running = self._is_done = False
        self.overstay_held = (session, site)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._is_running = True
        try:
            return self._call(*args, **kwargs)
        finally:
            self._is_done = True

    def done(self) -> bool:
        """Tell whether the call has returned."""
        return self._is_done

    def running(self) -> bool:
        """Tell whether a thread has taken the call up."""
        return self._is_running


def alive() -> Iterator[dict[str, Any]]:
    """Yield the jobs that wait or run for a session."""
    for reference in list(_jobs):
        job = reference()
        if job is not None and not job.done():
            yield row("job", *job.overstay_held, running=job.running())
            del job
