"""Where every trace begins: the things that live as long as the process, or that run.

In groups, the most telling first: the application's modules, the libraries', what runs, and at last the rest.
"""

import asyncio
import inspect
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from overstay_probe import _site
from overstay_probe._ledger import ledger
from overstay_probe.holdings import threads

_OWN = "overstay_probe"
_LOOP_PARTS = {"_scheduled": "scheduled timers", "_ready": "ready callbacks", "_selector": "selector"}


class Root(NamedTuple):
    """A root: its name, the object itself, and the source file where it is written, if any."""

    name: str
    thing: Any
    file: str = ""


def module_namespaces() -> dict[str, dict[str, Any]]:
    """Return the namespace of every imported module, by its name."""
    found = {}
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType):
            names = ModuleType.__dict__["__dict__"].__get__(module)
            if type(names) is dict:
                found[name] = names
    return found


def is_ours(name: str) -> bool:
    """Tell whether a module is the probe's."""
    return name.partition(".")[0] == _OWN


def stacks() -> list[tuple[str, list[Any]]]:
    """Return the local variables of every thread's running functions, but our own threads'; taken before a fork.

    In the child the other threads' stacks are gone. Reading the variables of a running function makes CPython keep a
    dictionary of them, which would keep them alive; so it is emptied again.
    """
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    found = []
    for number, top in sys._current_frames().items():  # noqa: SLF001 - the only way to those stacks
        if number in threads.ours or number == threading.get_ident():
            continue
        values: list[Any] = []
        frame: FrameType | None = top
        while frame is not None:
            if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
                taken = frame.f_locals
                values.append(dict(taken))
                if sys.version_info < (3, 13):
                    taken.clear()
            frame = frame.f_back
        found.append((f"thread {names.get(number, '?')}", values))
    return found


def groups(stacks: list[tuple[str, list[Any]]]) -> Iterator[list[Root]]:
    """Yield the groups of roots, the most telling first."""
    by_rank: dict[int, list[Root]] = {_site.APPLICATION: [], _site.LIBRARY: [], _site.PLUMBING: []}
    for name, names in module_namespaces().items():
        if not is_ours(name):
            file = names.get("__file__")
            rank = max(_site.rank_of(names), _site.PLUMBING)
            by_rank[rank].append(Root(f"module {name}", names, _site.absolute(file) if type(file) is str else ""))
    yield by_rank[_site.APPLICATION]
    yield by_rank[_site.LIBRARY]
    yield list(_running(stacks))
    yield by_rank[_site.PLUMBING]
    yield [Root(f"signal handler {number}", [handler]) for number, handler in _signal_handlers()]


def _running(stacks: list[tuple[str, list[Any]]]) -> Iterator[Root]:
    for loop in list(ledger.loops):
        if not loop.is_closed():
            for task in asyncio.all_tasks(loop):
                code = getattr(task.get_coro(), "cr_code", None)
                name = code.co_qualname if code else "?"
                yield Root(f"running task {name}", [task], _site.absolute(code.co_filename) if code else "")
        parts = getattr(loop, "__dict__", {})
        for part, what in _LOOP_PARTS.items():
            if part in parts:
                yield Root(f"event loop: {what}", [parts[part]])
        yield Root("event loop", loop)
    for name, values in stacks:
        for names in values:
            yield Root(name, names)


def _signal_handlers() -> Iterator[tuple[int, Any]]:
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        if callable(handler) and not isinstance(handler, signal.Handlers):
            yield int(number), handler
