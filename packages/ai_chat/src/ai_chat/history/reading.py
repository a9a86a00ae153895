"""What the history is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_chat.history.history_interface import HistoryProblem
from ai_chat.history.models import HistoryRow, MessageRow
from ai_chat.history.text import fts_phrase, like_pattern
from ai_chat.protocol.events import HistoryItem, MessageItem

TRIGRAM = 3

_MESSAGE = (
    MessageRow.number,
    MessageRow.role,
    MessageRow.text,
    MessageRow.time,
    MessageRow.name,
    MessageRow.history,
    MessageRow.interrupted,
    MessageRow.client_id,
)

# CROSS JOIN keeps the order of the tables: the index is walked from the latest match on, and left at the limit.
_SQLITE_SEARCH = text("""SELECT m.number, m.role, m.text, m.time, m.name, m.history, m.interrupted, m.client_id
    FROM messages_fts AS f CROSS JOIN messages AS m ON m.number = f.rowid CROSS JOIN histories AS h ON h.uid = m.history
    WHERE messages_fts MATCH :phrase AND h.character = :character AND NOT h.deleted
    ORDER BY f.rowid DESC LIMIT :limit""").columns(*_MESSAGE)


async def title_of(connection: AsyncConnection, character: str, history: str) -> str:
    """The title of the character's history. Raises `no-such-history` for any other uid."""
    found = await connection.execute(
        select(HistoryRow.title).where(
            HistoryRow.uid == history, HistoryRow.character == character, HistoryRow.deleted.is_(False)
        )
    )
    title = found.scalar_one_or_none()
    if title is None:
        raise HistoryProblem("no-such-history")
    return title


async def histories_of(connection: AsyncConnection, character: str, limit: int) -> list[HistoryItem]:
    """The character's histories that have messages, the latest first."""
    found = await connection.execute(
        select(
            HistoryRow.uid,
            HistoryRow.title,
            HistoryRow.updated,
            HistoryRow.messages,
            HistoryRow.last,
            HistoryRow.last_role,
        )
        .where(HistoryRow.character == character, HistoryRow.messages > 0, HistoryRow.deleted.is_(False))
        .order_by(HistoryRow.updated.desc(), HistoryRow.uid)
        .limit(limit)
    )
    return [HistoryItem(*row) for row in found]


async def last_messages(connection: AsyncConnection, history: str, limit: int) -> list[MessageItem]:
    """The last messages of a history, the oldest first."""
    newest_first = (
        select(*_MESSAGE).where(MessageRow.history == history).order_by(MessageRow.number.desc()).limit(limit)
    )
    return _items((await connection.execute(newest_first)).all())[::-1]


async def page_of(connection: AsyncConnection, history: str, after: int, limit: int) -> list[MessageItem]:
    """The next messages after a number, the oldest first."""
    page = (
        select(*_MESSAGE)
        .where(MessageRow.history == history, MessageRow.number > after)
        .order_by(MessageRow.number)
        .limit(limit)
    )
    return _items((await connection.execute(page)).all())


async def matches(connection: AsyncConnection, character: str, query: str, limit: int) -> list[MessageItem]:
    """The character's messages that contain `query`, the latest first.

    Two letters are too few for the index of trigrams, and are looked for in the character's messages themselves.
    """
    if connection.dialect.name == "sqlite" and len(query) >= TRIGRAM:
        values = {"phrase": fts_phrase(query), "character": character, "limit": limit}
        return _items((await connection.execute(_SQLITE_SEARCH, values)).all())
    containing = select(*_MESSAGE).join(HistoryRow, HistoryRow.uid == MessageRow.history)
    latest = containing.where(*_containing(character, query)).order_by(MessageRow.number.desc()).limit(limit)
    return _items((await connection.execute(latest)).all())


def _containing(character: str, query: str) -> tuple[ColumnElement[bool], ...]:
    return (
        HistoryRow.character == character,
        HistoryRow.deleted.is_(False),
        MessageRow.text.ilike(like_pattern(query), escape="\\"),
    )


async def is_there(connection: AsyncConnection) -> bool:
    """Whether the tables answer."""
    await connection.execute(select(literal_column("1")).select_from(HistoryRow).limit(1))
    return True


def _items(rows: Iterable[Sequence[Any]]) -> list[MessageItem]:
    return [MessageItem(*row) for row in rows]
