"""Measures what other programs than the target and we take of the machine's CPUs."""

import contextlib
import os

import psutil

from overstay.judge.load import Load

_IDLE = ("idle", "iowait")
_COUNTED_ELSEWHERE = ("guest", "guest_nice")
"""Linux counts the time of guests within that of users as well."""


class LoadMeter:
    """The CPU time from its making, or its last lap, to the next.

    `pids` are the target's processes; what starts later is taken for another program's until it has ended and its
    parent has counted it. A process that may not be looked at is taken for another program.
    """

    def __init__(self, pids: set[int]) -> None:
        self._ours = [process for pid in (pids | {os.getpid()}) if (process := _process(pid))]
        self._last = self._read()

    def lap(self) -> Load:
        """Return the load since the last lap."""
        before, self._last = self._last, self._read()
        available, busy, ours = (after - start for after, start in zip(self._last, before, strict=True))
        return Load(available, max(busy - max(ours, 0.0), 0.0))

    def _read(self) -> tuple[float, float, float]:
        """Return the CPU seconds that the machine had, that it was busy, and that we and the target were."""
        machine = psutil.cpu_times()._asdict()
        available = sum(seconds for name, seconds in machine.items() if name not in _COUNTED_ELSEWHERE)
        idle = sum(machine.get(name, 0.0) for name in _IDLE)
        return available, available - idle, sum(_seconds(process) for process in self._ours)


def _process(pid: int) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid)
    return None


def _seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and of its children that have ended."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
