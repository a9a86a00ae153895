"""Looking at the heap of this process as it is at one moment: in a forked child, where that can be done.

The child has a frozen copy, so it may take seconds and may materialise what reading materialises. It closes every
descriptor but its pipe before anything else: a copy of a client's socket would keep that client's connection open.
It volunteers for the OOM killer, ends with `os._exit`, and never returns into the application. Where a fork is not to
be had, the search is made in this process, over as many objects as fit in the pause.
"""

import contextlib
import gc
import json
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from overstay_probe import _platform

PATIENCE = 60
"""Seconds after which the child is ended."""
_MS_PER_GB = 45.0  # of fork: 7.1 ms at 170 MB, the page tables being copied; replaced by what the last one took
_OBJECTS_PER_MS = 500  # of the search in Python
_MEMORY_SHARE = 0.5  # of the resident memory, what reference counts make the child copy at worst
_measured_ms_per_gb = 0.0
_forking = 0

warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"overstay_probe\.census")  # fork with threads


class Answer(NamedTuple):
    """What a look told, as the JSON object that the child has written, and how the look was made."""

    told: bytes
    about: dict[str, Any]

    def as_json(self) -> bytes:
        """Return both as one JSON object. What was told is not parsed: it can be megabytes, and the server waits."""
        about = json.dumps(self.about).encode()
        return about if self.told == b"{}" else about[:-1] + b", " + self.told[1:]


NOTHING = b"{}"
_COMPLETE, _FAILED = b"+", b"!"
"""The last byte of what the child writes."""


class LookFailed(Exception):  # noqa: N818 - what happened, with the child's own words for it
    """The look raised in the child."""


def of(look: Callable[[int], dict[str, Any]], max_pause_ms: float) -> Answer:
    """Return what `look(most objects)` returns of a snapshot of the heap, with how it was taken and what it cost.

    Raises what `look` raises, and LookFailed where that was in the child.

    `how` is fork, in-process or skipped; `why` and its `facts` say why it is not a fork; `pause_ms` is for how long the
    process was stopped, `seconds` how long the answer took.
    """
    began = time.perf_counter()
    rss = _platform.counters().get("rss", 0.0)
    why, facts = _why_no_fork(rss, max_pause_ms)
    if not why:
        told, pause = _forked(look)
        how = "fork"
        if told is None:
            how, told, why = "skipped", NOTHING, "ended"
    elif why == "memory":
        told, pause, how = NOTHING, 0.0, "skipped"
    else:
        told = json.dumps(look(max(int(max_pause_ms * _OBJECTS_PER_MS), 1))).encode()
        pause, how = time.perf_counter() - began, "in-process"
    about = {"how": how, "why": why, "facts": facts, "pause_ms": round(pause * 1000, 2), "rss": rss}
    return Answer(told, {**about, "seconds": round(time.perf_counter() - began, 3)})


def skipped() -> Answer:
    """Return the answer where no look was made."""
    return Answer(NOTHING, {"how": "skipped", "why": "", "facts": {}, "pause_ms": 0.0})


def _why_no_fork(rss: float, max_pause_ms: float) -> tuple[str, dict[str, int]]:
    """Return the reason in a word, none where nothing is against it, and the numbers that belong to it."""
    if not hasattr(os, "fork") or sys.platform != "linux":
        return "no-fork", {}
    room = _platform.memory_left()
    if room is not None and room < rss * _MEMORY_SHARE:
        return "memory", {"left": round(room / 1e6), "needed": round(rss * _MEMORY_SHARE / 1e6)}
    predicted = rss / 1e9 * (_measured_ms_per_gb or _MS_PER_GB)
    if predicted > max_pause_ms:
        return "pause", {"predicted": round(predicted), "most": round(max_pause_ms)}
    return "", {}


def is_forking() -> bool:
    """Tell, in a hook that runs after a fork, whether the fork is for a snapshot."""
    return _forking == threading.get_ident()


def _forked(look: Callable[[int], dict[str, Any]]) -> tuple[bytes | None, float]:
    global _forking, _measured_ms_per_gb  # noqa: PLW0603 - one flag a process, and what one fork teaches the next
    reading, writing = os.pipe()
    rss = _platform.counters().get("rss", 0.0)
    _forking = threading.get_ident()
    began = time.perf_counter()
    try:
        pid = os.fork()
    except OSError:
        _forking = 0
        os.close(reading)
        os.close(writing)
        return None, 0.0
    if pid == 0:
        _look_and_end(look, writing)
    pause = time.perf_counter() - began
    _forking = 0
    if rss > 100e6:
        _measured_ms_per_gb = pause * 1000 / (rss / 1e9)
    os.close(writing)
    try:
        told = _read_all(reading)
    finally:
        os.close(reading)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):  # an application that waits for any child has taken it
            os.waitpid(pid, 0)
    if told.endswith(_FAILED):
        raise LookFailed(told[:-1].decode())
    return (told[:-1] if told.endswith(_COMPLETE) else None), pause


def _read_all(descriptor: int) -> bytes:
    chunks: list[bytes] = []
    until = time.monotonic() + PATIENCE
    while (left := until - time.monotonic()) > 0:
        poller = select.poll()  # select() cannot take a descriptor over 1023
        poller.register(descriptor, select.POLLIN)
        if not poller.poll(left * 1000):
            break
        chunk = os.read(descriptor, 1 << 20)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
    return b""


def _look_and_end(look: Callable[[int], dict[str, Any]], writing: int) -> None:
    """Do the child's work; never returns."""
    try:
        os.closerange(0, writing)
        os.closerange(writing + 1, _platform.most_descriptors())
        gc.disable()
        gc.unfreeze()  # what the application has frozen is looked at, too
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        _platform.volunteer_for_oom()
        told = json.dumps(look(sys.maxsize)).encode() + _COMPLETE
        sent = 0
        while sent < len(told):
            sent += os.write(writing, told[sent : sent + (1 << 16)])
    except BaseException as error:  # nothing may return into the application
        with contextlib.suppress(BaseException):
            os.write(writing, f"{type(error).__name__}: {error}".encode() + _FAILED)
    finally:
        os._exit(0)
