"""The watchdog: how late the loop answers, and which lines keep it from answering.

A thread posts a heartbeat to each loop and waits. A heartbeat that is not answered in time means that the loop's thread
is in one callback too long, and its stack says where. The thread's own waking late is the same sign: a C call that
keeps the interpreter lock stops the watchdog together with the loop. It beats only while a session is open, so an idle
server is not woken.
"""

import asyncio
import sys
import threading
import time
from typing import Any

from overstay_probe import _site
from overstay_probe._ledger import ledger
from overstay_probe.holdings import threads

PERIOD = 0.010
PATIENCE = 0.025
BLOCKED = 0.050
"""Seconds: from one heartbeat to the next, until the stack is looked at, and from when on a block is reported."""

_EDGES_MS = tuple(0.1 * 1.25**step for step in range(64))


class Watchdog:
    """The thread that watches this process's loops."""

    def __init__(self) -> None:
        self.histogram = [0] * (len(_EDGES_MS) + 1)
        self.longest = 0.0
        self.blocks: dict[tuple[int, int], list[float]] = {}
        self.cpu = 0.0
        self._threads: dict[int, int] = {}
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
        while not self._stopped.wait(PERIOD if ledger.open else 10 * PERIOD):
            self.cpu = time.thread_time()
            for loop in list(ledger.loops) if ledger.open else ():
                try:
                    self._beat(loop)
                except RuntimeError:
                    continue  # the loop was closed meanwhile

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        answered = threading.Event()
        posted = time.perf_counter()
        loop.call_soon_threadsafe(self._answer, answered)
        guilty = None
        if not answered.wait(PATIENCE):
            guilty = self._look(loop)
        elif time.perf_counter() - posted > BLOCKED:
            guilty = self._look(loop)  # we woke late ourselves: the lock was kept from both of us
        while not answered.wait(1.0):
            if self._stopped.is_set() or loop.is_closed() or not loop.is_running():
                return
        self._count(time.perf_counter() - posted, guilty)

    def _answer(self, answered: threading.Event) -> None:
        self._threads[id(asyncio.get_running_loop())] = threading.get_ident()
        answered.set()

    def _look(self, loop: asyncio.AbstractEventLoop) -> tuple[int, int] | None:
        """Return the site that the loop's thread is at, as (site number, line)."""
        frame = sys._current_frames().get(self._threads.get(id(loop), 0))  # noqa: SLF001 - the only way to that stack
        return None if frame is None else guilty_line(frame)

    def _count(self, seconds: float, guilty: tuple[int, int] | None) -> None:
        self.longest = max(self.longest, seconds)
        self.histogram[sum(edge < seconds * 1000 for edge in _EDGES_MS)] += 1
        # The heartbeat was posted at most a period after the block began.
        if guilty is not None and seconds + PERIOD >= BLOCKED:
            block = self.blocks.setdefault(guilty, [0, 0.0, 0.0])
            block[0] += 1
            block[1] += seconds
            block[2] = max(block[2], seconds)

    def report(self) -> dict[str, Any]:
        """Return the loop's lag in milliseconds and the blocking lines, longest in sum first."""
        lines = []
        for (number, _), (count, total, longest) in sorted(self.blocks.items(), key=lambda item: -item[1][1]):
            site = _site.numbered(number)
            if site is not None:
                lines.append(
                    {
                        "where": _site.described_site(site),
                        "count": int(count),
                        "total_ms": round(total * 1000, 1),
                        "max_ms": round(longest * 1000, 1),
                    }
                )
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


def guilty_line(frame: Any) -> tuple[int, int] | None:
    """Return the innermost application frame of a running stack as (site number, line); None when there is none."""
    innermost = frame
    while frame is not None and _site.rank_of(frame.f_globals) != _site.APPLICATION:
        frame = frame.f_back
    if frame is None:
        return None
    site = _site.at(frame, innermost)
    return site.number, frame.f_lineno
