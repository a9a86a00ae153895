"""What a trial started and a doctor should have ended: found again by a mark in its environment, or as a descendant.

Both are needed: a process whose parent has ended is nobody's descendant, and some launchers clear the environment.
"""

import asyncio
import contextlib
from types import TracebackType

import psutil

MARK = "LEAKBENCH_TRIAL"
PAUSE = 0.5  # seconds between two looks at the descendants


class Family:
    """All descendants that a process is seen to have while this is entered."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[int, psutil.Process] = {}

    async def __aenter__(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._looking.cancel()

    def end(self) -> list[str]:
        """Kill those that still run and return what they were."""
        return [told for process in self._seen.values() if (told := _ended(process))]

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(psutil.Error):
                for process in psutil.Process(self._pid).children(recursive=True):
                    self._seen.setdefault(process.pid, process)
            await asyncio.sleep(PAUSE)


def end_marked(mark: str) -> tuple[str, ...]:
    """Kill what carries the mark and return what it was."""
    marked = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                marked.append(process)
    return tuple(told for process in marked if (told := _ended(process)))


def _ended(process: psutil.Process) -> str:
    """Kill a process and return what it was, or nothing if it had ended; a reused number is another process."""
    with contextlib.suppress(psutil.Error, OSError):
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            told = " ".join(process.cmdline()[:4])
            process.kill()
            return told
    return ""
