"""The watchdog: how late the loops of this process answer, and which lines keep them from answering.

A thread reads the pulse of each loop, a few ten times a second. How long a loop has been busy at such a moment is how
long an event that came then would have waited, seen from the other end: both have the same distribution.
"""

import asyncio
import contextlib
import threading
import time
from types import CodeType
from typing import Any, NamedTuple

from overstay_probe import _pulse, _site
from overstay_probe._ledger import ledger
from overstay_probe.holdings import threads

_EDGES_MS = tuple(0.1 * 1.25**step for step in range(64))


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
        self.blocks: dict[tuple[CodeType, int], Block] = {}
        self.cpu = 0.0
        self._pulses: list[_pulse.Pulse] = []
        self._longest = 0.0
        self._is_stopped = False

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="overstay watchdog", daemon=True).start()

    def stop(self) -> None:
        """Let go of the loops and end the thread at its next waking."""
        self._is_stopped = True
        while self._pulses:
            self._pulses.pop().leave()

    def welcome(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch the running loop from now on."""
        self._pulses.append(_pulse.of(loop, self._count))

    def _run(self) -> None:
        threads.ours.add(threading.get_ident())
        pause = _pulse.CALM
        while not self._is_stopped:
            began = time.monotonic()
            time.sleep(pause)
            now = time.monotonic()
            late = now - began - pause
            pause = _pulse.CALM
            for pulse in list(self._pulses) if ledger.open else ():
                self._look(pulse, now, late)
                pause = min(pause, pulse.pause(now))
            self.cpu = time.thread_time()

    def _look(self, pulse: _pulse.Pulse, now: float, late: float) -> None:
        loop = pulse.loop()
        if loop is None or loop.is_closed():
            self._pulses.remove(pulse)
            return
        with contextlib.suppress(RuntimeError):  # it is being closed
            seconds = pulse.look(loop, now, late)
            self._longest = max(self._longest, pulse.longest)
            self.histogram[sum(edge < seconds * 1000 for edge in _EDGES_MS)] += 1

    def _count(self, seconds: float, guilty: _pulse.Guilty) -> None:
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
            "max": round(self._longest * 1000, 2),
            "blocks": lines,
        }

    def _quantile(self, share: float) -> float:
        wanted, seen = share * sum(self.histogram), 0
        for count, edge in zip(self.histogram, _EDGES_MS, strict=False):
            seen += count
            if seen and seen >= wanted:
                return round(edge, 2)
        return round(self._longest * 1000, 2)
