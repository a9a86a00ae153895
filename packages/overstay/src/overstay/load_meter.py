"""Measures what other programs than the target and we take of the machine's CPUs, and how long we wait for one."""

import contextlib
import os
from pathlib import Path

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
        available, busy, ours, worked, waited = (after - start for after, start in zip(self._last, before, strict=True))
        return Load(available, max(busy - max(ours, 0.0), 0.0), max(worked, 0.0), max(waited, 0.0))

    def _read(self) -> tuple[float, float, float, float, float]:
        """Return the CPU seconds that the machine had, that it was busy, and that we and the target were.

        After them what we and the target worked by the scheduler's finer clock, and waited for a CPU.
        """
        machine = psutil.cpu_times()._asdict()
        available = sum(seconds for name, seconds in machine.items() if name not in _COUNTED_ELSEWHERE)
        idle = sum(machine.get(name, 0.0) for name in _IDLE)
        ours = sum(_seconds(process) for process in self._ours)
        turns = [_turns(process.pid) for process in self._ours]
        return available, available - idle, ours, sum(worked for worked, _ in turns), sum(waited for _, waited in turns)


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


def _turns(pid: int) -> tuple[float, float]:
    """Return the seconds that the threads of a process ran, and waited to run; 0 where the system does not tell.

    Source: https://docs.kernel.org/scheduler/sched-stats.html, "/proc/<pid>/schedstat", in nanoseconds.
    """
    worked = waited = 0
    with contextlib.suppress(OSError, ValueError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            ran, stood, _ = (int(word) for word in (thread / "schedstat").read_text().split())
            worked, waited = worked + ran, waited + stood
    return worked / 1e9, waited / 1e9
