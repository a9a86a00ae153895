"""Arming the probe in this process, and being found by the tool."""

import asyncio
import atexit
import os
import threading

from overstay_probe import _closers, _platform, _trouble, _wrap, holdings
from overstay_probe._lag import Watchdog
from overstay_probe._ledger import ledger
from overstay_probe._link import Link
from overstay_probe.census import snapshot

_lock = threading.Lock()
_armed = False
_link: Link | None = None
_watchdog: Watchdog | None = None
servers: list[str] = []
"""The servers whose doors were opened in this process, by name."""


def install() -> None:
    """Arm the probe in this process and open its control channel; what is armed already stays as it is.

    For a server that cannot be started by `overstay run`. Doors of servers that are imported later are fitted when
    this is called again, so call it after the imports.
    """
    from overstay_probe import doors  # noqa: PLC0415 - the doors import this module

    doors.fit_imported()
    announce("")


def announce(server: str) -> None:
    """Say that a door is open in this process: from now on it is armed and can be reached."""
    if server and server not in servers:
        servers.append(server)
    if _link is None:
        with _lock:
            try:
                _arm()
                _open_link()
            except Exception as error:  # the server must start, with the probe or without
                _trouble.disarm("link", error)


def announce_under_run() -> None:
    """Announce a door that the application has made itself, when it was started by `overstay run`."""
    if _link is None and "OVERSTAY_RUN" in os.environ:
        announce("")


def _arm() -> None:
    global _armed  # noqa: PLW0603 - once in a process
    if not _armed:
        _armed = True
        holdings.arm()
        _platform.after_fork(_start_again_in_child)
        ledger.on_loop.append(_welcome)
        atexit.register(close)


def _open_link() -> None:
    global _link, _watchdog  # noqa: PLW0603 - one of each in a process
    if _link is None:
        _watchdog = Watchdog()
        link = Link(_watchdog, servers)
        link.open()
        _watchdog.start()
        _link = link


def _welcome(loop: asyncio.AbstractEventLoop) -> None:
    announce("")
    if _watchdog is not None:
        _watchdog.welcome(loop)


def _start_again_in_child() -> None:
    """A fork copies the sessions of its parent but none of its threads: begin anew, and link at the first session."""
    global _link, _lock
    if snapshot.is_forking():
        return
    _link, _lock = None, threading.Lock()
    ledger.forget()
    holdings.forget()
    _closers.leave()
    if ledger.is_resting:
        holdings.watch()


def close() -> None:
    """Close the control channel and take every hook out; for the end of the process and for tests."""
    global _armed, _link  # noqa: PLW0603 - once in a process
    if _link is not None:
        _link.close()
        _link = None
    if ledger.is_resting:
        holdings.watch()
    _wrap.unwrap_all()
    holdings.disarm()
    ledger.on_loop.clear()
    _armed = False
