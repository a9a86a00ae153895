"""Holdings: what a session can acquire. One module a kind; this list is all that knows them.

Each module has `arm()`, which puts its hooks in place, and `alive()`, which returns a row for every holding that some
session acquired and that still exists. `forget()` drops what a forked child must not inherit, where there is such a
thing; `sweep()` drops records of holdings that are gone.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from overstay_probe import _function, _trouble, _wrap
from overstay_probe._ledger import ledger
from overstay_probe.holdings import descriptors, files, jobs, objects, processes, sockets, tasks, threads, timers

KINDS: tuple[ModuleType, ...] = (tasks, timers, threads, jobs, processes, files, sockets, descriptors, objects)


def arm() -> None:
    """Put every kind's hooks in place."""
    _each("arm")


def disarm() -> None:
    """Take out what is no replaced function."""
    _each("disarm")


def rest() -> None:
    """Take out the hooks that a busy server pays for; journals are told which sessions are not watched whole."""
    ledger.rest()
    _wrap.rest()
    objects.disarm()


def watch() -> None:
    """Put the hooks back, in the modules that were imported meanwhile too."""
    objects.arm()
    _wrap.watch()
    _function.catch_up()
    ledger.watch()


def forget() -> None:
    """Drop what belongs to the parent of a fork."""
    _each("forget")


def sweep() -> None:
    """Drop the records of what is gone."""
    _each("sweep")


def alive() -> Iterable[dict[str, Any]]:
    """Yield every holding that exists: its kind, session, site and details."""
    for kind in KINDS:
        name = kind.__name__.rpartition(".")[2]
        if not _trouble.is_armed(name):
            continue
        try:
            yield from kind.alive()
        except Exception as error:
            _trouble.disarm(name, error)


def _each(action: str) -> None:
    for kind in KINDS:
        act = getattr(kind, action, None)
        if act is None:
            continue
        try:
            act()
        except Exception as error:  # one kind that fails must not take the others with it
            _trouble.disarm(kind.__name__.rpartition(".")[2], error)
