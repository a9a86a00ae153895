"""Changes of the histories, each the work of one short transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_chat.history.history_interface import HistoryProblem
from ai_chat.history.models import HistoryRow, MessageRow

PIECE = 200  # rows removed at once; appends wait no longer than this takes


async def add_history(connection: AsyncConnection, uid: str, character: str, now: float) -> None:
    """Add a history without messages and without a title."""
    row = {"uid": uid, "character": character, "title": "", "created": now, "updated": now, "messages": 0, "bytes": 0}
    await connection.execute(insert(HistoryRow).values(**row, last="", last_role="", deleted=False))


async def set_title(connection: AsyncConnection, uid: str, character: str, title: str) -> None:
    """Give the character's history a title. Raises `no-such-history` for any other uid."""
    await _change(connection, uid, character, title=title)


async def mark_deleted(connection: AsyncConnection, uid: str, character: str) -> None:
    """Hide the character's history from every reader. Raises `no-such-history` for any other uid."""
    await _change(connection, uid, character, deleted=True)


async def _change(connection: AsyncConnection, uid: str, character: str, **values: object) -> None:
    one = (HistoryRow.uid == uid, HistoryRow.character == character, HistoryRow.deleted.is_(False))
    if (await connection.execute(update(HistoryRow).where(*one).values(**values))).rowcount != 1:
        raise HistoryProblem("no-such-history")


async def remove_piece(connection: AsyncConnection) -> bool:
    """Remove some messages of a deleted history, or the empty history. Says whether there may be more."""
    deleted = select(HistoryRow.uid).where(HistoryRow.deleted.is_(True)).limit(1)
    uid = (await connection.execute(deleted)).scalar_one_or_none()
    if uid is None:
        return False
    some = select(MessageRow.number).where(MessageRow.history == uid).order_by(MessageRow.number).limit(PIECE)
    removed = await connection.execute(delete(MessageRow).where(MessageRow.number.in_(some.scalar_subquery())))
    if removed.rowcount < PIECE:
        await connection.execute(delete(HistoryRow).where(HistoryRow.uid == uid))
    return True


async def remove_messages(connection: AsyncConnection, numbers: Sequence[int]) -> None:
    """Remove messages, and take them out of their histories' totals."""
    gone = delete(MessageRow).where(MessageRow.number.in_(numbers)).returning(MessageRow.history, MessageRow.bytes)
    totals: dict[str, tuple[int, int]] = {}
    for history, size in await connection.execute(gone):
        count, total = totals.get(history, (0, 0))
        totals[history] = (count + 1, total + size)
    for uid, (count, size) in sorted(totals.items()):
        await connection.execute(
            update(HistoryRow)
            .where(HistoryRow.uid == uid)
            .values(
                messages=HistoryRow.messages - count,
                bytes=HistoryRow.bytes - size,
                last=case((HistoryRow.messages > count, HistoryRow.last), else_=""),
            )
        )


async def remove_unused(connection: AsyncConnection, before: float) -> None:
    """Remove histories in which nothing was ever said, or of which nothing is left, untouched since `before`."""
    unused = (HistoryRow.messages == 0, HistoryRow.updated < before, HistoryRow.deleted.is_(False))
    some = select(HistoryRow.uid).where(*unused).limit(PIECE)
    await connection.execute(delete(HistoryRow).where(HistoryRow.uid.in_(some.scalar_subquery())))


async def give_back(connection: AsyncConnection) -> None:
    """Give free pages of an SQLite file back to the disk, some at a time."""
    if connection.dialect.name == "sqlite":
        (await connection.exec_driver_sql("PRAGMA incremental_vacuum(1000)")).close()
