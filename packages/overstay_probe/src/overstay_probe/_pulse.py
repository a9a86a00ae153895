"""The pulse of a loop: since when it has been busy, told to whoever looks from another thread.

asyncio's loop reads its clock once in every turn, when it has waited and before it works. So the clock of a loop that
serves sessions remembers what it told last: how long a turn takes is known exactly, and costs the loop next to nothing.
uvloop has its clock in C, where nobody can listen: it is sent a heartbeat, and counts as busy until that is answered.
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
        self._seen_since = 0.0
        self._guilty: Guilty | None = None
        self._listen(loop)

    def _listen(self, loop: Any) -> None:
        original, clock = loop.time, time.monotonic
        has_own_clock = type(loop).time is not asyncio.BaseEventLoop.time  # as loops for tests have, with made-up time

        def tell() -> float:
            now = clock()
            if self._seen_since == self.busy_since:
                self._rest(now - self.busy_since)
            self.busy_since = now
            return original() if has_own_clock else now

        loop.time = tell

    def leave(self) -> None:
        """Take the hook out."""
        loop = self.loop()
        if loop is not None:
            vars(loop).pop("time", None)

    def _rest(self, spent: float) -> None:
        """Note for how long the loop was busy, when it was seen at work meanwhile."""
        self.longest = max(self.longest, spent)
        if spent > BLOCKED:
            self._alert_until = time.monotonic() + _ALERT_FOR
            if self._guilty is not None:
                self._blocked(spent, self._guilty)

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
        if since == WAITING or now - since < GRACE or self._seen_since == since:
            return max(now - since, 0.0)
        frame = self._frame()
        if frame is None or self._is_waiting(frame):
            return 0.0
        self._guilty = guilty_line(frame)
        self._seen_since = since  # last, because the loop may be reading it
        return now - since

    def _is_waiting(self, frame: FrameType) -> bool:
        """Tell whether this is the loop's own waiting: a blocking call can be in a select of its own."""
        caller = frame.f_back
        return (
            frame.f_globals.get("__name__") == "selectors"
            and caller is not None
            and caller.f_globals.get("__name__") == "asyncio.base_events"
        )

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
            if late < GRACE and frame is not None and self._is_waiting(frame):
                return 0.0
            self.busy_since = now - late
            loop.call_soon_threadsafe(self._answer)
        return self._examined(now)

    def _is_waiting(self, frame: FrameType) -> bool:
        return id(frame) == self._base  # inside uvloop's own C code, which only waits

    def _answer(self) -> None:
        self._base = id(sys._getframe().f_back)  # noqa: SLF001 - the frame that runs the loop
        # The heartbeat was posted at most a period after the loop became busy: half of one is the best guess.
        spent = time.monotonic() - self.busy_since
        if spent > GRACE:
            self._alert_until = time.monotonic() + _ALERT_FOR
        if self._seen_since == self.busy_since:
            self._rest(spent + self.alert / 2)
        self.longest = max(self.longest, spent)
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
