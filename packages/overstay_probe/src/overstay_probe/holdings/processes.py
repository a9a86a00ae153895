"""Processes that a session caused, grandchildren whose parent has died among them.

A child gets one more variable in its environment, which everything that it starts inherits: the server's number, the
session's and the site's. So a tool that outlives its launcher is still known for whose it is. Where no environment
can be read, what is left are the children themselves.
"""

import multiprocessing.process
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from overstay_probe import _platform, _site, _trouble
from overstay_probe._ledger import current, ledger
from overstay_probe._wrap import wrap
from overstay_probe.holdings._row import row

MARK = "OVERSTAY_SESSION"
_POSITION_OF_ENV = 10  # among the arguments of Popen
_started: dict[int, tuple[int, int, _site.Site]] = {}
_any_marked = False


def arm() -> None:
    """Replace what starts a process: subprocess, asyncio and anyio through it, multiprocessing, uvloop."""
    wrap(subprocess.Popen, "__init__", _recording_popen)
    wrap(multiprocessing.process.BaseProcess, "start", _recording_start)
    ledger.on_loop.append(_watch)


def forget() -> None:
    """Drop the parent's children."""
    _started.clear()


def sweep() -> None:
    """Drop the processes that are gone."""
    running = _platform.processes() if _started else {}
    for pid, (start, _, _) in list(_started.items()):
        if pid not in running or running[pid].start != start:
            _started.pop(pid, None)


def _watch(loop: Any) -> None:
    if type(loop).__module__.partition(".")[0] == "uvloop":
        for name in ("subprocess_exec", "subprocess_shell"):
            wrap(type(loop), name, _recording_uvloop)


def _recording_popen(original: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(popen: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in that place
        session = current.get()
        if not session:
            original(popen, *args, **kwargs)
            return
        site = _site.here()
        if len(args) <= _POSITION_OF_ENV:
            kwargs["env"] = _marked(kwargs.get("env"), session, site)
        original(popen, *args, **kwargs)
        _note(popen.pid, session, site)

    return __init__


def _recording_start(original: Callable[..., Any]) -> Callable[..., Any]:
    def start(process: Any) -> None:
        original(process)
        session = current.get()
        if session:
            _note(process.pid, session, _site.here())

    return start


def _recording_uvloop(original: Callable[..., Any]) -> Callable[..., Any]:
    async def starting(loop: Any, *args: Any, **kwargs: Any) -> Any:
        session = current.get()
        if not session:
            return await original(loop, *args, **kwargs)
        site = _site.here()
        kwargs["env"] = _marked(kwargs.get("env"), session, site)
        made = await original(loop, *args, **kwargs)
        _note(made[0].get_pid(), session, site)
        return made

    return starting


def _marked(env: Mapping[str, str] | None, session: int, site: _site.Site) -> dict[str, str]:
    global _any_marked  # noqa: PLW0603 - spares a look at every process of the machine where none was started
    _any_marked = True
    marked = {**(os.environ if env is None else env), MARK: f"{os.getpid()}.{session}.{site.number}"}
    run = os.environ.get("OVERSTAY_RUN")
    if run:
        marked["OVERSTAY_RUN"] = run  # by which the tool finds what is left to be ended
    return marked


def _note(pid: int | None, session: int, site: _site.Site) -> None:
    try:
        if pid is not None:
            _started[pid] = (_platform.start_of(pid), session, site)
    except Exception as error:  # the process runs; only our note of it failed
        _trouble.disarm("processes", error)


def alive() -> Iterator[dict[str, Any]]:
    """Yield the processes that a session caused: started itself, or found by its mark or its ancestors."""
    if not _started and not _any_marked:
        return
    running = _platform.processes()
    owners = _owners(running)
    for pid, (session, site) in owners.items():
        process = running[pid]
        owed_by_us = process.parent == os.getpid()
        if process.is_zombie and not owed_by_us:
            continue  # its parent, often PID 1, owes the wait
        yield row(
            "process",
            session,
            site,
            pid=pid,
            name=process.name,
            zombie=process.is_zombie,
            reparented=not owed_by_us and process.parent not in owners,
        )


def _owners(running: Mapping[int, _platform.Process]) -> dict[int, tuple[int, _site.Site]]:
    owners: dict[int, tuple[int, _site.Site]] = {}
    for pid, (start, session, site) in list(_started.items()):
        if pid in running and running[pid].start == start:
            owners[pid] = (session, site)
    for pid in running:
        if pid not in owners and (owner := _owner_by_mark(pid)):
            owners[pid] = owner
    for pid in sorted(running):
        _owner_by_ancestors(pid, running, owners)
    return owners


def _owner_by_mark(pid: int) -> tuple[int, _site.Site] | None:
    parts = _platform.variable_of(pid, MARK).split(".")
    if len(parts) != 3 or parts[0] != str(os.getpid()) or not all(part.isdecimal() for part in parts):
        return None
    site = _site.numbered(int(parts[2]))
    return None if site is None else (int(parts[1]), site)


def _owner_by_ancestors(
    pid: int, running: Mapping[int, _platform.Process], owners: dict[int, tuple[int, _site.Site]]
) -> None:
    line = []
    while pid in running and pid not in owners and pid > 1:
        line.append(pid)
        pid = running[pid].parent
    if pid in owners:
        owners.update((descendant, owners[pid]) for descendant in line)
