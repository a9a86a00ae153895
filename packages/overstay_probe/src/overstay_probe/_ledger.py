"""The ledger: which sessions are open, and who listens to their beginnings and ends.

It keeps a record of a session only while the session is open. A session that ended is known by its number alone: it
was given out and is not open any more. So a server that runs for a year keeps nothing for the sessions it has served,
and a task that outlives its session carries all that is needed, an integer, in its own context.

Only that integer is ever put into the context variable: a callback copies its context and may live for ever, and a
record in there would be a leak of our own making.
"""

import asyncio
import itertools
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

current: ContextVar[int] = ContextVar("overstay_session", default=0)
"""The number of the session that the running code belongs to; 0 is none."""

Row = tuple[Any, ...]
"""A line of a journal: ("began", number, door, kind, path, port, seconds) or ("ended", number, seconds),
or ("collected", number, role, site), when the garbage collector has freed an object that the session owned,
or ("ran", number, class, method), when the session, or 0 for none, ran a closer that a tool has asked for,
or ("rests", number) and ("watches", number) where the hooks go out and come back, after so many sessions: what begins
in between has no rows, since rows cost more than all that is left of us then."""


class Stay(NamedTuple):
    """An open session: through which door it came, and what runs it."""

    door: str
    kind: str
    path: str
    port: int
    began: float
    task: "weakref.ref[asyncio.Task[Any]] | None"
    thread: int


class Ledger:
    """The sessions of this process."""

    def __init__(self) -> None:
        self.on_loop: list[Callable[[asyncio.AbstractEventLoop], None]] = []
        self.is_resting = False
        self._last_recorded = sys.maxsize
        self.forget()

    def forget(self) -> None:
        """Forget every session; what a forked child does, whose parent's sessions are not its own."""
        self._numbers = itertools.count(1)
        self.given = 0
        self.open: dict[int, Stay] = {}
        self.loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        self._latest_loop: Callable[[], asyncio.AbstractEventLoop | None] = lambda: None
        self._journals: list[list[Row]] = []

    def begin(self, door: str, kind: str, path: str, port: int) -> int:
        """Open a session and return its number; `port` is the client's TCP port, 0 where there is none."""
        self.given = number = next(self._numbers)
        task = thread = None
        loop = asyncio._get_running_loop()  # noqa: SLF001 - the public function raises where there is no loop
        if loop is None:
            thread = threading.get_ident()
        else:
            if self._latest_loop() is not loop:
                self._welcome(loop)
            running = asyncio.current_task(loop)
            task = None if running is None else weakref.ref(running)
        now = time.monotonic()
        self.open[number] = Stay(door, kind, path, port, now, task, thread or 0)
        if not self.is_resting:
            for journal in self._journals:
                journal.append(("began", number, door, kind, path, port, now))
        return number

    def runs_in_current_task(self, number: int) -> None:
        """Note that a session, begun elsewhere, is served by the task that calls this."""
        stay, task = self.open.get(number), asyncio.current_task()
        if stay is not None and task is not None:
            self.open[number] = stay._replace(task=weakref.ref(task))

    def end(self, number: int) -> None:
        """Close a session; a number that is not open is ignored."""
        if self.open.pop(number, None) is not None and number <= self._last_recorded:
            for journal in self._journals:
                journal.append(("ended", number, time.monotonic()))

    def rest(self) -> None:
        """Write no rows of sessions that begin from now on."""
        self.note("rests", self.given)
        self.is_resting, self._last_recorded = True, self.given

    def watch(self) -> None:
        """Write rows of every session again."""
        self.is_resting, self._last_recorded = False, sys.maxsize
        self.note("watches", self.given)

    def note(self, event: str, number: int, *told: Any) -> None:
        """Write a row about a session into every journal."""
        for journal in self._journals:
            journal.append((event, number, *told))

    def journal(self) -> list[Row]:
        """Return a list that receives a row for every beginning and end from now on; its reader empties it."""
        journal: list[Row] = [
            ("began", number, stay.door, stay.kind, stay.path, stay.port, stay.began)
            for number, stay in list(self.open.items())
        ]
        if self.is_resting:
            journal.append(("rests", self.given))
        self._journals.append(journal)
        return journal

    def close_journal(self, journal: list[Row]) -> None:
        """Stop writing into a list that `journal` returned."""
        self._journals = [kept for kept in self._journals if kept is not journal]

    def _welcome(self, loop: asyncio.AbstractEventLoop) -> None:
        self._latest_loop = weakref.ref(loop)
        if loop not in self.loops:
            self.loops.add(loop)
            for callback in self.on_loop:
                callback(loop)


ledger = Ledger()
