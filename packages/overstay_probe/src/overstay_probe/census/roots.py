"""Where every trace begins: the things that live as long as the process, or that run.

In groups, the most telling first: the application's modules, the libraries', what runs, and at last the rest.
"""

import asyncio
import gc
import inspect
import re
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple

from overstay_probe import _site
from overstay_probe._ledger import ledger
from overstay_probe._types import is_a, name_of, names_in, read
from overstay_probe.holdings import tasks, threads, timers

_NUMBERS = re.compile(r"\d+")
SCHEDULED = "event loop: scheduled timers"
_OWN = "overstay_probe"
_LOOP_PARTS = {"_scheduled": "scheduled timers", "_ready": "ready callbacks", "_selector": "selector"}


class Root(NamedTuple):
    """A root: its name, the object itself, its source file if any, and the session and site it is a holding of.

    A cancelled timer is soon gone, with its context.
    """

    name: str
    thing: Any
    file: str = ""
    held: tuple[int, _site.Site] | None = None
    is_cancelled: bool = False

    @property
    def is_left(self) -> bool:
        """Tell whether an ended session has left this root running, or whether it only waits to be dropped."""
        return self.is_cancelled or (self.held is not None and self.held[0] not in ledger.open)

    @property
    def shape(self) -> str:
        """Return the name without numbers."""
        return _NUMBERS.sub("*", self.name)


def module_namespaces() -> dict[str, dict[str, Any]]:
    """Return the namespace of every imported module, by its name."""
    found: dict[str, dict[str, Any]] = {}
    seen: set[int] = set()
    for name, module in sorted(sys.modules.items()):  # so `__main__` comes before its copy `__mp_main__`
        names = names_in(module)
        if names is not None and id(names) not in seen:
            seen.add(id(names))
            found[name] = names
    return found


def is_ours(name: str) -> bool:
    """Tell whether a module is the probe's."""
    return name.partition(".")[0] == _OWN


def stacks() -> list[Root]:
    """Return the local variables of every thread's running functions, but our own threads'; taken before a fork.

    In the child the other threads' stacks are gone. Reading the variables of a running function makes CPython keep a
    dictionary of them, which would keep them alive; so it is emptied again.
    """
    running = {_kept(thread, "_ident"): thread for thread in threading.enumerate()}
    found = []
    for number, top in sys._current_frames().items():  # noqa: SLF001 - the only way to those stacks
        if number in threads.ours or number == threading.get_ident():
            continue
        thread = running.get(number)
        name, held = _kept(thread, "_name") or "?", _kept(thread, "overstay_held")
        frame: FrameType | None = top
        while frame is not None:
            if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
                taken = frame.f_locals
                found.append(Root(f"thread {name}", dict(taken), "", held))
                if sys.version_info < (3, 13):
                    taken.clear()
            frame = frame.f_back
    return found


def _kept(thread: object, name: str) -> Any:
    """Return an attribute of a thread, past what its class may have made of attributes."""
    try:
        return object.__getattribute__(thread, name)
    except AttributeError:
        return None


def thread_locals() -> list[Root]:
    """Return what the modules' `threading.local` objects keep for each thread; taken before a fork, which ends them."""
    found = []
    for module, names in module_namespaces().items():
        for name, value in list(names.items()) if not is_ours(module) else ():
            if is_a(value, threading.local):
                file = names.get("__file__")
                source = _site.absolute(file) if type(file) is str else ""
                by_thread = [each for each in gc.get_referents(value) if type(each) is dict]
                kept = [inner for each in by_thread for inner in each.values()]
                found += [Root(f"thread-local {name}", each, source) for each in kept if type(each) is dict]
    return found


def groups(stacks: list[Root]) -> Iterator[list[Root]]:
    """Yield the groups of roots, the most telling first; what ended sessions have left running is the last."""
    by_rank: dict[int, list[Root]] = {_site.APPLICATION: [], _site.LIBRARY: [], _site.PLUMBING: []}
    for name, names in module_namespaces().items():
        if not is_ours(name):
            file = names.get("__file__")
            rank = max(_site.rank_of(names), _site.PLUMBING)
            by_rank[rank].append(Root(f"module {name}", names, _site.absolute(file) if type(file) is str else ""))
    yield by_rank[_site.APPLICATION]
    yield by_rank[_site.LIBRARY]
    running = [*_running(), *stacks]
    yield [root for root in running if not root.is_left]
    yield by_rank[_site.PLUMBING]
    yield [Root("signal handler", handler) for handler in _signal_handlers()]
    yield sorted((root for root in running if root.is_left), key=lambda root: root.is_cancelled)


def _running() -> Iterator[Root]:
    for loop in list(ledger.loops):
        if not loop.is_closed():
            for task in asyncio.all_tasks(loop):
                coroutine = asyncio.Task.get_coro(task) if is_a(task, asyncio.Task) else None
                code = read(coroutine, "cr_code")
                name = code.co_qualname if code else "?"
                file = _site.absolute(code.co_filename) if code else ""
                session = tasks.session_of(task)
                yield Root(f"running task {name}", task, file, (session, tasks.site_of(task)) if session else None)
            for handle in timers.scheduled(loop):
                held = timers.held(handle)
                if held is not None or handle.cancelled():
                    yield Root(SCHEDULED, handle, "", held, handle.cancelled())
        yield from _parts(loop)
        yield Root("event loop", loop)


def _parts(loop: asyncio.AbstractEventLoop) -> Iterator[Root]:
    """Yield the loop's timers, callbacks and selector; of uvloop, which hides them, the set of its timers."""
    parts = getattr(loop, "__dict__", {})
    for part, what in _LOOP_PARTS.items():
        if part in parts:
            yield Root(f"event loop: {what}", parts[part])
    for referent in gc.get_referents(loop):
        if type(referent) is set and any(name_of(type(element)) == "TimerHandle" for element in referent):
            yield Root(SCHEDULED, referent)


def _signal_handlers() -> Iterator[Any]:
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        if callable(handler) and not is_a(handler, signal.Handlers):
            yield handler
