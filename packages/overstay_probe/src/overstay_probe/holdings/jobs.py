"""Executor jobs that a session submitted and that are not done.

`loop.run_in_executor` does not copy the context, so the call is wrapped: a file opened in the job has a session too.
The threads of a pool belong to whoever made the pool, since any session may be the one for which it starts its next
thread; so an executor remembers its maker. anyio's worker threads are such a pool, made for all.
"""

import concurrent.futures.thread
import weakref
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._ledger import current
from overstay_probe._wrap import wrap
from overstay_probe.holdings._row import row

_jobs: "weakref.WeakSet[Any]" = weakref.WeakSet()


def arm() -> None:
    """Replace ThreadPoolExecutor.submit, and where an executor is made."""
    wrap(concurrent.futures.thread.ThreadPoolExecutor, "__init__", _remembering)
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
        before, asked = current.get(), _site.asked()
        current.set(self._session)
        _site.ask(self._site)
        try:
            return self._call(*args, **kwargs)
        finally:
            current.set(before)
            _site.ask(asked)


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(executor: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        session = current.get()
        if not session:
            return original(executor, fn, *args, **kwargs)
        site = _site.here()
        call = fn if _is_for_interpreters(executor) else _Job(session, site, fn)
        future = original(executor, call, *args, **kwargs)
        try:
            future.overstay_held = (session, site)
            _jobs.add(future)
        except Exception as error:  # the job was submitted; only our note of it failed
            _trouble.disarm("jobs", error)
        return future

    return submit


def _is_for_interpreters(executor: Any) -> bool:
    """Tell whether the calls go to other interpreters (3.14): only what can be pickled gets there, no job of ours."""
    return any(owner.__module__ == "concurrent.futures.interpreter" for owner in type(executor).__mro__)


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
            _jobs.add(func)
        return await original(cls, func, args, *rest, **kwargs)

    backend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)


class _Call(_Job):
    """A job that is its own record: it is there for as long as the thread, or what waits for one, holds the call."""

    __slots__ = ("__weakref__", "_is_done", "_is_running", "overstay_held")

    def __init__(self, session: int, site: _site.Site, call: Callable[..., Any]) -> None:
        super().__init__(session, site, call)
        self.overstay_held = (session, site)
        self._is_running = self._is_done = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._is_running = True
        try:
            return super().__call__(*args, **kwargs)
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
    for future in list(_jobs):
        if not future.done():
            yield row("job", *future.overstay_held, running=future.running())
