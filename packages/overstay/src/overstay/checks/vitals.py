"""The vital signs of running processes and of the machine, as they are now and not as they add up since the start."""

import contextlib
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_SAMPLE = 0.5
"""Seconds over which CPU is sampled."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The signs of a server, summed over its processes; `cpu` is in per cent of one core, sizes are bytes.

    `limit` is that of the process nearest to it; None where the system does not tell. `clients` are connections that
    were accepted, `leftovers` the commands of children of which there are more than clients, with their numbers.
    """

    pids: tuple[int, ...]
    cpu: float
    cpu_seconds: float
    rss: int
    threads: int
    descriptors: int
    limit: int | None
    children: int
    zombies: int
    clients: int
    sockets: Mapping[str, int]
    leftovers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Machine:
    """The signs of the machine; shares are per cent, sizes bytes."""

    cpu: float
    memory: int
    available: int
    swapped: float
    disk_free: int


def vitals_of(pids: Iterable[int]) -> Vitals | None:
    """Return the signs of these processes; None when none of them runs or may be looked at."""
    processes = [process for pid in sorted(pids) if (process := _found(pid)) is not None]
    before = sum(map(_cpu_seconds, processes))
    began = time.monotonic()
    if processes:
        time.sleep(_SAMPLE)
    after, took = sum(map(_cpu_seconds, processes)), time.monotonic() - began
    seen = [process for process in processes if process.is_running()]
    if not seen:
        return None
    sockets, clients = _sockets(seen)
    children = _children(seen)
    return Vitals(
        pids=tuple(process.pid for process in seen),
        cpu=100 * max(after - before, 0.0) / took,
        cpu_seconds=after,
        rss=sum(map(_resident, seen)),
        threads=sum(_or_zero(process.num_threads) for process in seen),
        descriptors=sum(map(_descriptors, seen)),
        limit=_limit(seen),
        children=len(children),
        zombies=sum(_is_zombie(child) for child in children),
        clients=clients,
        sockets=sockets,
        leftovers=_leftovers(children, clients, seen),
    )


def machine(folder: Path) -> Machine:
    """Return the signs of the machine and of the disk that a folder is on."""
    memory = psutil.virtual_memory()
    return Machine(
        cpu=psutil.cpu_percent(_SAMPLE / 5),
        memory=memory.total,
        available=memory.available,
        swapped=_swapped(),
        disk_free=psutil.disk_usage(str(folder)).free,
    )


def _swapped() -> float:
    with warnings.catch_warnings(), contextlib.suppress(OSError):
        warnings.simplefilter("ignore")  # some systems do not tell how much goes in and out, which is not asked
        return float(psutil.swap_memory().percent)
    return 0.0


def _found(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except (psutil.Error, ValueError, OverflowError):
        return None


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _resident(process: psutil.Process) -> int:
    return _or_zero(lambda: int(process.memory_info().rss))


def _or_zero(ask: Callable[[], int]) -> int:
    try:
        return ask()
    except psutil.Error:
        return 0


def _descriptors(process: Any) -> int:
    """Return the open descriptors, on Windows the handles."""
    return _or_zero(process.num_fds if hasattr(process, "num_fds") else process.num_handles)


def _limit(processes: list[psutil.Process]) -> int | None:
    """Return the lowest limit of descriptors; only Linux tells that of another process."""
    limits = []
    for process in processes:
        with contextlib.suppress(psutil.Error, AttributeError, OSError):
            limits.append(process.rlimit(psutil.RLIMIT_NOFILE)[0])
    known = [limit for limit in limits if limit > 0]
    return min(known, default=None)


def _sockets(processes: list[psutil.Process]) -> tuple[dict[str, int], int]:
    """Return how many TCP sockets are in which state, and how many are of clients."""
    states: Counter[str] = Counter()
    clients = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            connections = process.net_connections("tcp")
            listening = {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
            states.update(each.status for each in connections)
            clients += sum(each.status == "ESTABLISHED" and each.laddr.port in listening for each in connections)
    return dict(states), clients


def _children(processes: list[psutil.Process]) -> list[psutil.Process]:
    own = {process.pid for process in processes}
    found: dict[int, psutil.Process] = {}
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.update({child.pid: child for child in process.children(recursive=True) if child.pid not in own})
    return list(found.values())


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _leftovers(children: list[psutil.Process], clients: int, parents: list[psutil.Process]) -> dict[str, int]:
    """Return the commands that run more often than there are clients, and more than once.

    One of a kind is a service for all. Workers of a pool have their parent's command or multiprocessing's, and stay.
    """
    own = {command for process in parents if (command := _command(process))}
    counted = Counter(command for child in children if not _is_zombie(child) and (command := _command(child)))
    return {
        command: count
        for command, count in counted.items()
        if count > max(clients, 1) and command not in own and "multiprocessing" not in command
    }


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
