"""Canaries: leaks that we plant ourselves in a marked visit, to prove that each kind would be found.

The visit comes through the real door and the leaks are made the way an application makes them; this module counts as
one. `clear` takes all of them away.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from overstay_probe import _platform

marked: set[int] = set()
"""The ports of clients whose next session gets the canaries."""

sessions: list[int] = []
"""The sessions that got them."""

_undo: list[Callable[[], object]] = []


def plant(port: int, session: int) -> None:
    """Leave one holding of each kind behind in the current session."""
    marked.discard(port)
    sessions.append(session)
    plants = [_thread, _process, _file, _socket]
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - the public function raises where there is no loop
        plants += [_task, _timer]
    for each in plants:
        # What cannot be planted is not found, and the run is invalid for it: nothing is hidden by going on.
        with contextlib.suppress(Exception):
            each()


def clear() -> None:
    """Take every canary away; callable from any thread."""
    while _undo:
        with contextlib.suppress(Exception):
            _undo.pop()()
    sessions.clear()


def _task() -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(asyncio.Event().wait())
    _undo.append(lambda: loop.call_soon_threadsafe(task.cancel))


def _timer() -> None:
    loop = asyncio.get_running_loop()
    handle = loop.call_later(24 * 3600.0, int)
    _undo.append(lambda: loop.call_soon_threadsafe(handle.cancel))


def _thread() -> None:
    """A thread, and a job on an executor of our own: the application's has few workers."""
    released = threading.Event()
    threading.Thread(target=released.wait, daemon=True, name="overstay canary").start()
    executor = ThreadPoolExecutor(1, "overstay canary")
    executor.submit(released.wait)
    _undo.append(lambda: executor.shutdown(wait=False))
    _undo.append(released.set)


def _process() -> None:
    # It ends by itself when its standard input does: not even a killed server leaves it behind.
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, close_fds=True
    )
    _undo.append(lambda: child.wait(5))
    if child.stdin is not None:
        _undo.append(child.stdin.close)


def _file() -> None:
    # In the run's folder, which goes with the run: not even a server that crashes leaves it behind.
    descriptor, path = tempfile.mkstemp(prefix="canary-", dir=_platform.run_directory())
    _undo.append(lambda: os.unlink(path))
    _undo.append(lambda: os.close(descriptor))


def _socket() -> None:
    _undo.append(socket.socket().close)
