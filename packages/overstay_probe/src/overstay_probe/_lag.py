"""The watchdog: how late the loop answers, and which lines keep it from answering.

A thread looks at where the loop's thread is. A loop that waits for events would answer at once, and is left alone; to
one that is busy it posts a heartbeat and waits. A heartbeat that is not answered in time means that the loop is in one
callback too long, and the stack says where. The watchdog's own waking late is the same sign: a C call that keeps the
interpreter lock stops both. A heartbeat each time, without the look, would wake an idle loop for nothing, which is
dearer than anything else here.
"""

import asyncio
import sys
import threading
import time
from types import CodeType, FrameType
from typing import Any, NamedTuple

from overstay_probe import _site
from overstay_probe._ledger import ledger
from overstay_probe.holdings import threads

PERIOD = 0.020
PATIENCE = 0.025
BLOCKED = 0.050
"""Seconds: from one heartbeat to the next, until the stack is looked at, and from when on a block is reported."""

_EDGES_MS = tuple(0.1 * 1.25**step for step in range(64))


Guilty = tuple[_site.Site, int]
"""A site and the line that it was at when we looked; one line can be many instructions, so many sites."""


class Block(NamedTuple):
    """What one line did to the loop, in seconds."""

    site: _site.Site
    times: int
    total: float
    longest: float


class Watchdog:
    """The thread that watches this process's loops."""

    def __init__(self) -> None:
        self.histogram = [0] * (len(_EDGES_MS) + 1)
        self.longest = 0.0
        self.blocks: dict[tuple[CodeType, int], Block] = {}
        self.cpu = 0.0
        self._threads: dict[int, int] = {}
        self._bases: dict[int, int] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="overstay watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread at its next waking."""
        self._stopped.set()

    def _run(self) -> None:
        threads.ours.add(threading.get_ident())
        late = 0.0
        while True:
            pause = PERIOD if ledger.open else 5 * PERIOD
            began = time.perf_counter()
            if self._stopped.wait(pause):
                return
            late = time.perf_counter() - began - pause
            for loop in list(ledger.loops) if ledger.open else ():
                try:
                    self._examine(loop, late)
                except RuntimeError:
                    continue  # the loop was closed meanwhile
            self.cpu = time.thread_time()

    def _examine(self, loop: asyncio.AbstractEventLoop, late: float) -> None:
        if late < PATIENCE and self._is_waiting(loop):
            self.histogram[0] += 1
        else:
            self._beat(loop, late)

    def _is_waiting(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Tell whether the loop's thread waits for events: inside the loop's own select, or in uvloop's C code."""
        frame = self._frame(loop)
        if frame is None:
            return False
        if id(frame) == self._bases.get(id(loop)):
            return True
        caller = frame.f_back
        # A blocking call can be in a select of its own; the loop's is called by asyncio.
        return (
            frame.f_globals.get("__name__") == "selectors"
            and caller is not None
            and caller.f_globals.get("__name__") == "asyncio.base_events"
        )

    def _beat(self, loop: asyncio.AbstractEventLoop, late: float) -> None:
        answered = threading.Event()
        posted = time.perf_counter()
        guilty = self._look(loop) if late > PATIENCE else None
        loop.call_soon_threadsafe(self._answer, loop, answered)
        if not answered.wait(PATIENCE):
            guilty = guilty or self._look(loop)
        while not answered.wait(1.0):
            if self._stopped.is_set() or loop.is_closed() or not loop.is_running():
                return
        self._count(time.perf_counter() - posted + late, guilty)

    def _answer(self, loop: asyncio.AbstractEventLoop, answered: threading.Event) -> None:
        self._threads[id(loop)] = threading.get_ident()
        if not isinstance(loop, asyncio.BaseEventLoop):
            self._bases[id(loop)] = id(sys._getframe().f_back)  # noqa: SLF001 - the frame that runs the loop
        answered.set()

    def _frame(self, loop: asyncio.AbstractEventLoop) -> Any:
        return sys._current_frames().get(self._threads.get(id(loop), 0))  # noqa: SLF001 - the only way to that stack

    def _look(self, loop: asyncio.AbstractEventLoop) -> Guilty | None:
        """Return the line that the loop's thread is at."""
        frame = self._frame(loop)
        return None if frame is None else guilty_line(frame)

    def _count(self, seconds: float, guilty: Guilty | None) -> None:
        self.longest = max(self.longest, seconds)
        self.histogram[sum(edge < seconds * 1000 for edge in _EDGES_MS)] += 1
        # The heartbeat was posted at most a period after the block began: half of one is the best guess.
        if guilty is not None and seconds + PERIOD / 2 >= BLOCKED:
            site, line = guilty
            before = self.blocks.get((site.where[0], line), Block(site, 0, 0.0, 0.0))
            self.blocks[site.where[0], line] = Block(
                before.site, before.times + 1, before.total + seconds, max(before.longest, seconds)
            )

    def report(self) -> dict[str, Any]:
        """Return the loop's lag in milliseconds and the blocking lines, longest in sum first."""
        worst_first = sorted(self.blocks.values(), key=lambda block: -block.total)
        lines = [
            {
                "where": _site.described_site(block.site),
                "count": block.times,
                "total_ms": round(block.total * 1000, 1),
                "max_ms": round(block.longest * 1000, 1),
            }
            for block in worst_first
        ]
        return {
            "p50": self._quantile(0.5),
            "p99": self._quantile(0.99),
            "max": round(self.longest * 1000, 2),
            "blocks": lines,
        }

    def _quantile(self, share: float) -> float:
        wanted, seen = share * sum(self.histogram), 0
        for count, edge in zip(self.histogram, _EDGES_MS, strict=False):
            seen += count
            if seen and seen >= wanted:
                return round(edge, 2)
        return round(self.longest * 1000, 2)


def guilty_line(frame: FrameType) -> Guilty | None:
    """Return the innermost application frame of a running stack as a site and its line; None when there is none."""
    innermost, found = frame, _outward(frame)
    return None if found is None else (_site.at(found, innermost), found.f_lineno)


def _outward(frame: FrameType | None) -> FrameType | None:
    while frame is not None and _site.rank_of(frame.f_globals) != _site.APPLICATION:
        frame = frame.f_back
    return frame
