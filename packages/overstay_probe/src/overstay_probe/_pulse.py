"""The pulse of a loop: since when it has been busy, told to whoever looks from another thread.

asyncio's loop is busy from the moment in which its selector returns until it asks the selector again. So the selector
of a loop that serves sessions is timed, which is exact and takes two readings of the clock in a turn of the loop.
uvloop selects in C, where nobody can look: it is sent a heartbeat, and counts as busy until that is answered.
"""

import asyncio
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

from overstay_probe import _site

WAITING = float("inf")
GRACE = 0.010
"""Seconds that a loop may be busy before its stack is looked at."""
BLOCKED = 0.050
"""Seconds from when on a loop counts as blocked."""
CALM = 0.100
"""Seconds between two looks at a loop that has not been blocked lately: waking a thread is what a look costs."""
_ALERT_FOR = 60.0

Guilty = tuple[_site.Site, int]
"""A site and the line that it was at when we looked; one line can be many instructions, so many sites."""
Blocked = Callable[[float, Guilty], None]
"""Takes for how many seconds the loop was blocked, and the line that it was seen at meanwhile."""


class Pulse:
    """The pulse of one of asyncio's loops; made in the loop's own thread."""

    alert = 0.035
    """Seconds between two looks after a block: one falls into every 50 ms, and not into their first 10."""

    def __init__(self, loop: Any, blocked: Blocked) -> None:
        self.loop = weakref.ref(loop)
        self.busy_since = WAITING
        self.longest = 0.0
        self._blocked = blocked
        self._alert_until = 0.0
        self._thread = threading.get_ident()
        self._seen: tuple[float, Guilty | None] = (WAITING, None)
        self._listen(loop)

    def _listen(self, loop: Any) -> None:
        self._selector = loop._selector  # noqa: SLF001 - what the loop waits with
        original, clock = self._selector.select, time.perf_counter

        def select(timeout: float | None = None) -> Any:
            spent = clock() - self.busy_since
            if spent > GRACE:
                self._rest(spent)
            self.busy_since = WAITING
            events = original(timeout)
            self.busy_since = clock()
            return events

        self._selector.select = select

    def leave(self) -> None:
        """Take the hook out."""
        vars(self._selector).pop("select", None)

    def _rest(self, spent: float) -> None:
        self.longest = max(self.longest, spent)
        if spent > BLOCKED:
            self._alert_until = time.perf_counter() + _ALERT_FOR
            since, guilty = self._seen
            if guilty is not None and since == self.busy_since:
                self._blocked(spent, guilty)

    def pause(self, now: float) -> float:
        """Return how many seconds may pass until the next look."""
        return self.alert if now < self._alert_until else CALM

    def look(self, loop: asyncio.AbstractEventLoop, now: float, late: float) -> float:
        """Return for how many seconds the loop has been busy; after a while, look at what it does.

        `late` is by how much the looker itself was late: a C call that keeps the interpreter lock stops all threads.
        """
        del loop, late  # the pulse is exact whenever it is read
        return self._examined(now)

    def _examined(self, now: float) -> float:
        since = self.busy_since
        if now - since > GRACE and self._seen[0] != since:
            frame = self._frame()
            self._seen = (since, None if frame is None else guilty_line(frame))
        return max(now - since, 0.0)

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._thread)  # noqa: SLF001 - the only way to that stack


class Heartbeat(Pulse):
    """The pulse of a loop written in C."""

    alert = 0.020

    def _listen(self, loop: Any) -> None:
        del loop  # whoever keeps it keeps it from being collected
        self._base = 0

    def leave(self) -> None:
        """Nothing of ours stays in a loop but a heartbeat that it is about to answer."""

    def look(self, loop: asyncio.AbstractEventLoop, now: float, late: float) -> float:
        """Return for how many seconds the loop has not answered; post a heartbeat to it if it seems to be busy.

        A heartbeat each time would wake an idle loop for nothing, which is dearer than anything else here.
        """
        if self.busy_since == WAITING:
            frame = self._frame()
            if late < GRACE and frame is not None and id(frame) == self._base:
                return 0.0  # inside uvloop's own C code, which only waits
            self.busy_since = now - late
            loop.call_soon_threadsafe(self._answer)
        return self._examined(now)

    def _answer(self) -> None:
        self._base = id(sys._getframe().f_back)  # noqa: SLF001 - the frame that runs the loop
        # The heartbeat was posted at most a period after the loop became busy: half of one is the best guess.
        spent = time.perf_counter() - self.busy_since
        if spent > GRACE:
            self._alert_until = time.perf_counter() + _ALERT_FOR
            self._rest(spent + self.alert / 2)
        self.busy_since = WAITING


def of(loop: asyncio.AbstractEventLoop, blocked: Blocked) -> Pulse:
    """Return the pulse of the running loop."""
    return (Pulse if isinstance(loop, asyncio.BaseEventLoop) else Heartbeat)(loop, blocked)


def guilty_line(frame: FrameType) -> Guilty | None:
    """Return the innermost application frame of a running stack as a site and its line; None when there is none."""
    innermost, found = frame, _outward(frame)
    return None if found is None else (_site.at(found, innermost), found.f_lineno)


def _outward(frame: FrameType | None) -> FrameType | None:
    while frame is not None and _site.rank_of(frame.f_globals) != _site.APPLICATION:
        frame = frame.f_back
    return frame
