"""What only one operating system can tell; the only module of the probe that knows there are several.

Every function has an answer everywhere: where the system keeps no /proc, the empty one. Nothing here is imported by a
name that some platform lacks.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

PROC = "/proc"


class Process(NamedTuple):
    """A process of this machine: its parent, name, start in clock ticks, and whether it waits to be waited for."""

    parent: int
    name: str
    start: int
    is_zombie: bool


def processes() -> dict[int, Process]:
    """Return every process that can be seen; empty where there is no /proc."""
    found: dict[int, Process] = {}
    for entry in _listed(PROC):
        if entry.isdecimal() and (process := _process(int(entry))):
            found[int(entry)] = process
    return found


def start_of(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 when that cannot be told."""
    process = _process(pid)
    return process.start if process else 0


def _process(pid: int) -> Process | None:
    text = _read(f"{PROC}/{pid}/stat")
    if not text:
        return None
    before, _, after = text.rpartition(b")")  # the name, in brackets, may itself contain brackets and spaces
    fields = after.split()
    name = os.fsdecode(before.partition(b"(")[2])
    return Process(int(fields[1]), name, int(fields[19]), fields[0] in (b"Z", b"X"))


def variable_of(pid: int, name: str) -> str:
    """Return a variable of the environment that a process was started with; empty when it cannot be read."""
    key = os.fsencode(name) + b"="
    environment = _read(f"{PROC}/{pid}/environ")
    if key not in environment:
        return ""
    return next((os.fsdecode(line[len(key) :]) for line in environment.split(b"\0") if line.startswith(key)), "")


def open_paths() -> list[str]:
    """Return the path behind every descriptor of this process that is open on a file that has one.

    Without the standard streams, which nobody in the process has opened.
    """
    paths = []
    for entry in _listed(f"{PROC}/self/fd"):
        if entry in ("0", "1", "2"):
            continue
        try:
            path = os.readlink(f"{PROC}/self/fd/{entry}")
        except OSError:
            continue
        if path.startswith("/") and not path.endswith(" (deleted)"):
            paths.append(path)
    return paths


def counters() -> dict[str, float]:
    """Return what nobody owns: descriptors, threads, children, and resident memory in bytes."""
    me = os.getpid()
    counted: dict[str, float] = {"threads": float(threading.active_count())}
    descriptors = _listed(f"{PROC}/self/fd")
    if descriptors:
        counted["fds"] = float(len(descriptors) - 1)  # the listing itself has one open
        counted["children"] = float(sum(process.parent == me for process in processes().values()))
        resident = _read(f"{PROC}/self/statm").split()
        counted["rss"] = float(int(resident[1]) * os.sysconf("SC_PAGE_SIZE"))
    return counted


def runtime_directory() -> str:
    """Return the folder, only this user's, in which control addresses are found."""
    base = os.environ.get("OVERSTAY_RUNTIME")
    if base:
        return base
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    home = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TEMP") or "/tmp"  # noqa: S108 - made 0700 below it
    return os.path.join(home, f"overstay-{user}")


def run_directory() -> str:
    """Return the folder of the run that this process was started in, that of all runs when there is none."""
    run = os.environ.get("OVERSTAY_RUN")
    return owned_directory(run if run and os.path.isdir(run) else runtime_directory())


def owned_directory(path: str) -> str:
    """Make a folder that only this user can enter and return it; raises OSError when another user owns it."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    status = os.lstat(path)
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user")
    if status.st_mode & 0o077 and sys.platform != "win32":
        os.chmod(path, 0o700)
    return path


def has_unix_sockets() -> bool:
    """Tell whether a control channel can be a path in the file system."""
    import socket  # noqa: PLC0415 - the probe's other modules need it only when the link is opened

    return hasattr(socket, "AF_UNIX")


def after_fork(callback: Callable[[], None]) -> None:
    """Call `callback` in every child that this process forks; nothing where there is no fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=callback)


_GROUP_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def memory_left() -> float | None:
    """Return how many bytes this process can still take; None where the system does not tell."""
    rooms = [1024.0 * int(line.split()[1]) for line in _read("/proc/meminfo").splitlines() if b"MemAvailable" in line]
    for limit, used in ((_read(limit).strip(), _read(used).strip()) for limit, used in _GROUP_LIMITS):
        if limit.isdigit() and used.isdigit():
            rooms.append(float(int(limit) - int(used)))
    size = _read(f"{PROC}/self/statm").split()
    if size:
        import resource  # noqa: PLC0415 - not on every platform

        limit_of_addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit_of_addresses != resource.RLIM_INFINITY:
            rooms.append(float(limit_of_addresses - int(size[0]) * os.sysconf("SC_PAGE_SIZE")))
    return min(rooms, default=None)


def volunteer_for_oom() -> None:
    """Let the kernel end this process before any other when memory runs out."""
    try:
        descriptor = os.open(f"{PROC}/self/oom_score_adj", os.O_WRONLY)
        os.write(descriptor, b"1000")
        os.close(descriptor)
    except OSError:
        pass


def most_descriptors() -> int:
    """Return the number that no descriptor of this process reaches."""
    listed = [int(entry) for entry in _listed(f"{PROC}/self/fd") if entry.isdecimal()]
    return max(listed, default=os.sysconf("SC_OPEN_MAX")) + 1


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        chunks = []
        while chunk := os.read(descriptor, 65536):
            chunks.append(chunk)
        return b"".join(chunks)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
