"""The chat history in a database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history import changing, reading
from ai_chat.history.appending import NewMessage
from ai_chat.history.database import FAILURES, is_sqlite, make_file, problem_of, reader_engine
from ai_chat.history.database import writer_engine as make_writer_engine
from ai_chat.history.history_interface import HistoryProblem, new_uid
from ai_chat.history.readers import Readers
from ai_chat.history.retention import Retention
from ai_chat.history.schema import upgrade
from ai_chat.history.text import TITLE_AT_MOST, one_line, storable
from ai_chat.history.writer import Writer
from ai_chat.protocol.events import HistoryItem, MessageItem

LOCK_SECONDS = 5.0
DRAIN_SECONDS = 10.0


class ChatHistory:
    """The history while its context lasts: `async with ChatHistory(settings) as history`.

    One task of the context writes, another keeps to the retention. Readers have connections of their own. The
    databases' work is done in the drivers' threads (SQLite) or in the server (Postgres).
    """

    def __init__(self, settings: HistorySettings, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._settings = settings
        self._lock_seconds = lock_seconds
        self._scope = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    async def __aenter__(self) -> ChatHistory:
        """Bring the database to its present form and begin. Raises `HistoryProblem` when it cannot be opened."""
        url = self._settings.url
        try:
            if is_sqlite(url):
                await asyncio.to_thread(make_file, url)
            await upgrade(url, self._lock_seconds)
        except FAILURES as failure:
            raise problem_of(failure) from failure
        self._begin(make_writer_engine(url, self._lock_seconds), reader_engine(url))
        await self._scope.__aenter__()
        self._tasks.append(self._scope.create_task(self._writer.run(), name="history-writer"))
        self._tasks.append(self._scope.create_task(self._retention.run(), name="history-retention"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close. What ended the context goes on as it was, in no group."""
        await self.close()
        cancelled = isinstance(error, asyncio.CancelledError)
        await self._scope.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))

    def _begin(self, writing: AsyncEngine, reading_: AsyncEngine) -> None:
        self._engines = (writing, reading_)
        self._readers = Readers(reading_, self._scope)
        self._writer = Writer(writing, queue=self._settings.queue, batch=self._settings.batch)
        self._retention = Retention(self._settings.retention, self._writer, self._readers.read)

    def begin(self, character: str) -> str:
        """The uid of a new history, which is written before what is appended to it.

        Raises `history-busy` when too much waits to be written.
        """
        uid, of, now = new_uid(), storable(character), time.time()
        self._writer.hand_over(lambda connection: changing.add_history(connection, uid, of, now))
        return uid

    def append(
        self,
        character: str,
        history: str,
        *,
        role: Literal["human", "ai"],
        text: str,
        name: str = "",
        interrupted: bool = False,
        client_id: str = "",
        begins: bool = False,
    ) -> Awaitable[int]:
        """Hand a message to the writer; what is returned gives its number once it is committed; see `History`.

        Cancelling who awaits it takes nothing back.
        """
        words = (storable(character), storable(history), role, storable(text), storable(name), time.time())
        return self._writer.append(NewMessage(*words, interrupted, storable(client_id), begins))

    async def list(self, character: str, *, limit: int = 200) -> Sequence[HistoryItem]:
        """The character's histories that have messages, the latest first."""
        return await self._readers.read(lambda connection: reading.histories_of(connection, storable(character), limit))

    async def messages(self, character: str, history: str, *, limit: int = 200) -> Sequence[MessageItem]:
        """The last messages of a history, the oldest first."""

        async def read(connection: AsyncConnection) -> Sequence[MessageItem]:
            await reading.title_of(connection, storable(character), storable(history))
            return await reading.last_messages(connection, storable(history), limit)

        return await self._readers.read(read)

    async def search(self, character: str, query: str, *, limit: int = 50) -> Sequence[MessageItem]:
        """The messages that contain `query`, the latest first. Nothing contains nothing."""
        if not (words := storable(query).strip()):
            return ()
        return await self._readers.read(
            lambda connection: reading.matches(connection, storable(character), words, limit)
        )

    async def rename(self, character: str, history: str, title: str) -> None:
        """Give a history a title: one line, at most 200 characters. An empty one is given by the next message."""
        line = one_line(title, TITLE_AT_MOST)
        uids = (storable(history), storable(character))
        await self._writer.do(lambda connection: changing.set_title(connection, *uids, line))

    async def delete(self, character: str, history: str) -> None:
        """Delete a history. It is found no more at once; its rows are removed piece by piece between appends."""
        uids = (storable(history), storable(character))
        await self._writer.do(lambda connection: changing.mark_deleted(connection, *uids))
        with suppress(HistoryProblem):  # it is deleted; what is left of its rows goes with the next retention
            await self._retention.remove_deleted()

    async def page(
        self, character: str, history: str, *, after: int, limit: int = 500
    ) -> tuple[str, Sequence[MessageItem]]:
        """The title of a history, and its next messages after a number, the oldest first."""

        async def read(connection: AsyncConnection) -> tuple[str, Sequence[MessageItem]]:
            title = await reading.title_of(connection, storable(character), storable(history))
            return title, await reading.page_of(connection, storable(history), after, limit)

        return await self._readers.read(read)

    async def retain_once(self) -> int:
        """Keep to the retention now. Gives the number of messages removed."""
        return await self._retention.once()

    async def ready(self) -> bool:
        """Whether the database answers."""
        if self._closing:
            return False
        try:
            return await self._readers.read(reading.is_there)
        except HistoryProblem:
            return False

    async def close(self) -> None:
        """Write what was handed over, within 10 seconds, then end threads and connections."""
        if self._closing:
            return
        self._closing = True
        writing, retaining = self._tasks
        retaining.cancel()
        await asyncio.wait([retaining])
        await self._writer.drain(DRAIN_SECONDS)
        writing.cancel()
        await asyncio.wait([writing])
        self._writer.refuse_rest()
        await self._readers.close()
        for engine in self._engines:
            await engine.dispose()
