"""The share of the machine that other programs take, on this very machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from overstay.judge.load import Load
from overstay.load_meter import LoadMeter

BUSY = "import os\nbegun = os.getppid()\nwhile os.getppid() == begun: sum(range(10000))"


@contextmanager
def busy_process() -> Iterator[int]:
    """Run a process that takes all it can get, and yield its number once it has had something."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            wait_for(process.pid, 0.2)
            yield process.pid
        finally:
            process.kill()


def wait_for(pid: int, seconds: float) -> None:
    """Wait until a process has had so much more CPU."""
    process, until = psutil.Process(pid), time.monotonic() + 60
    enough = sum(process.cpu_times()[:2]) + seconds
    while sum(process.cpu_times()[:2]) < enough:
        assert time.monotonic() < until
        time.sleep(0.02)


def lap_beside(pid: int, of_target: set[int]) -> Load:
    """Return the load while a process has half a second of CPU."""
    meter = LoadMeter(of_target)
    wait_for(pid, 0.5)
    return meter.lap()


def test_other_programs_are_load() -> None:
    """What a stranger takes is counted in full."""
    with busy_process() as pid:
        assert lap_beside(pid, set()).others >= 0.4


def test_target_is_no_load() -> None:
    """What the target itself takes excuses nothing: beside a stranger, only the stranger is counted."""
    with busy_process() as pid:
        meters = LoadMeter(set()), LoadMeter({pid})
        wait_for(pid, 0.5)
        all_of_it, without_target = (meter.lap() for meter in meters)
    assert all_of_it.others - without_target.others >= 0.4


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not tell how long one waits")
def test_crowd_makes_us_wait() -> None:
    """Three on one CPU take about three times as long as one alone does; alone, hardly any longer."""
    cpu = min(os.sched_getaffinity(0))
    with crowd_on(cpu, 1) as (pid,):
        alone = lap_beside(pid, {pid}).stretch
    with crowd_on(cpu, 3) as (pid, *_):
        crowded = lap_beside(pid, {pid}).stretch
    assert alone is not None
    assert crowded is not None
    assert crowded > 1.5 * alone


@contextmanager
def crowd_on(cpu: int, count: int) -> Iterator[list[int]]:
    """Run so many busy processes on one CPU."""
    with ExitStack() as stack:
        pids = [stack.enter_context(busy_process()) for _ in range(count)]
        for pid in pids:
            os.sched_setaffinity(pid, {cpu})
        yield pids


def test_processes_that_are_gone_are_passed_over() -> None:
    """A worker that ended meanwhile does not end the run."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    meter = LoadMeter({process.pid, os.getpid()})
    process.wait()
    assert meter.lap().available >= 0
    assert LoadMeter({process.pid}).lap().available >= 0
