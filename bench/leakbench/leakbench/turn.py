"""Who may keep the machine busy: a few trials at once, and beside them those that only wait for their second look.

A trial of a leaky twin waits for most of its time, and its wait is another trial's turn. The end of a trial comes
without a turn: it is short, and to wait for one would put the second look off.
"""

import asyncio
from pathlib import Path
from types import TracebackType

from overstay.messages import sentences

WAITS = sentences("en")["progress.second-look"].partition("{")[0].encode()
_PAUSE = 0.5  # seconds between two looks at what the doctor says


class Turn:
    """One of `turns`, from entering to the moment when the doctor that writes `log` begins to wait, or to the end."""

    def __init__(self, turns: asyncio.Semaphore, log: Path) -> None:
        self._turns = turns
        self._log = log

    async def __aenter__(self) -> None:
        await self._turns.acquire()
        self._log.unlink(missing_ok=True)
        self._watching = asyncio.create_task(self._until_it_waits())
        self._watching.add_done_callback(lambda _: self._turns.release())

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._watching.cancel()

    async def _until_it_waits(self) -> None:
        while not (self._log.is_file() and WAITS in self._log.read_bytes()):  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(_PAUSE)
