"""Old messages leave: archived first, then removed in pieces between the appends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_chat.config_manager.settings import RetentionSettings
from ai_chat.history import changing
from ai_chat.history.archive import write_archive
from ai_chat.history.history_interface import HistoryProblem
from ai_chat.history.models import HistoryRow, MessageRow
from ai_chat.history.writer import Writer
from ai_chat.protocol.events import MessageItem

T = TypeVar("T")

CHUNK = 1_000  # messages of one archive
DAY = 86_400.0
UNUSED_DAYS = 7

_log = logging.getLogger(__name__)


class Read(Protocol):
    """Runs a reader on a connection that only reads."""

    async def __call__(self, read: Callable[[AsyncConnection], Awaitable[T]], /) -> T:
        """What the reader gives."""
        ...


@dataclass(frozen=True, slots=True)
class Excess:
    """How much is too much: messages, bytes of text, and the time before which all is too old."""

    messages: int
    bytes: int
    before: float


@dataclass(frozen=True, slots=True)
class Old:
    """A message that may leave."""

    item: MessageItem
    bytes: int


def leaving(oldest: Sequence[Old], excess: Excess) -> list[MessageItem]:
    """The first of the oldest messages without which there is no excess any more."""
    gone: list[MessageItem] = []
    size = 0
    for old in oldest:
        if not (len(gone) < excess.messages or size < excess.bytes or old.item.time < excess.before):
            break
        gone.append(old.item)
        size += old.bytes
    return gone


class Retention:
    """Keeps the history to its settings, every now and then."""

    def __init__(self, settings: RetentionSettings, writer: Writer, read: Read) -> None:
        self._settings = settings
        self._writer = writer
        self._read = read
        self._one_at_a_time = asyncio.Lock()  # two would archive the same messages

    async def run(self) -> None:
        """Keep to the settings until cancelled. What failed is logged, and done the next time."""
        while True:
            try:
                await self.once()
            except (HistoryProblem, OSError) as problem:
                _log.warning("retention of the history failed, the next try follows: %s", problem)
            await asyncio.sleep(self._settings.every_seconds)

    async def once(self) -> int:
        """Remove what is too much. Gives the number of messages removed."""
        async with self._one_at_a_time:
            await self.remove_deleted()
            removed = await self._remove_excess()
        unused = time.time() - UNUSED_DAYS * DAY
        await self._writer.do(lambda connection: changing.remove_unused(connection, unused))
        await self._writer.do(changing.give_back)
        return removed

    async def _remove_excess(self) -> int:
        removed = 0
        while items := await self._read(self._leaving):
            if self._settings.archive is not None:
                await asyncio.to_thread(write_archive, self._settings.archive, items)
            await self._remove([one.number for one in items])
            removed += len(items)
        return removed

    async def remove_deleted(self) -> None:
        """Remove the rows of deleted histories, also of those whose removal a crash interrupted."""
        while await self._writer.do(changing.remove_piece):
            pass

    async def _remove(self, numbers: Sequence[int]) -> None:
        for start in range(0, len(numbers), changing.PIECE):
            piece = numbers[start : start + changing.PIECE]
            await self._writer.do(partial(changing.remove_messages, numbers=piece))

    async def _leaving(self, connection: AsyncConnection) -> list[MessageItem]:
        excess = await self._excess(connection)
        if excess == Excess(0, 0, 0.0):
            return []
        return leaving(await _oldest(connection), excess)

    async def _excess(self, connection: AsyncConnection) -> Excess:
        rules = self._settings
        sums = select(func.coalesce(func.sum(HistoryRow.messages), 0), func.coalesce(func.sum(HistoryRow.bytes), 0))
        count, size = (await connection.execute(sums)).one()
        return Excess(
            messages=0 if rules.messages is None else max(0, int(count) - rules.messages),
            bytes=0 if rules.megabytes is None else max(0, int(size) - int(rules.megabytes * 1_000_000)),
            before=0.0 if rules.days is None else time.time() - rules.days * DAY,
        )


async def _oldest(connection: AsyncConnection) -> list[Old]:
    row = MessageRow
    item = (row.number, row.role, row.text, row.time, row.name, row.history, row.interrupted, row.client_id)
    found = await connection.execute(select(*item, row.bytes).order_by(row.number).limit(CHUNK))
    rows: Sequence[Sequence[Any]] = found.all()
    return [Old(MessageItem(*one[:-1]), one[-1]) for one in rows]
