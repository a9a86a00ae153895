"""The end of patience with a visit file that blocks instead of awaiting.

A loop that is held up times nothing out and hears no Ctrl-C, so it takes a signal to end the line that does it:
SIGALRM, put off for as long as the loop comes around. Where the system has no such signal, and in any thread but the
main one, a file that blocks is waited for.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_BEATS = 4


class Blocked(BaseException):
    """Ends a line of the visit file that blocks.

    No Exception, so that a visit file's `except Exception` does not keep it.
    """


@contextlib.contextmanager
def alarm(file: Path, seconds: float) -> Iterator[None]:
    """Raise Blocked where the file is after so many seconds, and again after as many."""

    def ring(_: int, frame: FrameType | None) -> None:
        if _is_in(file, frame):
            raise Blocked

    if not _has_alarm():
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def patience(file: Path | None, seconds: float) -> Iterator[None]:
    """Raise Blocked in the file when it holds the running loop up for so many seconds, or is doing so at Ctrl-C."""
    if file is None or not _has_alarm():
        yield
        return
    loop = asyncio.get_running_loop()
    cancel = signal.getsignal(signal.SIGINT)
    beat: asyncio.TimerHandle

    def put_off() -> None:
        nonlocal beat
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        beat = loop.call_later(seconds / _BEATS, put_off)

    def interrupt(number: int, frame: FrameType | None) -> None:
        if callable(cancel):
            cancel(number, frame)
        if _is_in(file, frame):
            raise Blocked

    with alarm(file, seconds):
        put_off()
        # One that is ignored, as it is for a job in the background, stays so.
        signal.signal(signal.SIGINT, interrupt if callable(cancel) else cancel)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, cancel)
            beat.cancel()


def _has_alarm() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _is_in(file: Path, frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == str(file):
            return True
        frame = frame.f_back
    return False
