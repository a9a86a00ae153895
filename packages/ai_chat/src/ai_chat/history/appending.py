"""Messages on their way into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_chat.history.changing import add_history
from ai_chat.history.history_interface import HistoryProblem
from ai_chat.history.models import HistoryRow, MessageRow
from ai_chat.history.text import LAST, TITLE, one_line


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be appended. Its texts are storable.

    `client_id` is the client's own name of it, empty when it has none. `begins`: its history is made when it is not
    there.
    """

    character: str
    history: str
    role: str
    text: str
    name: str
    time: float
    interrupted: bool
    client_id: str
    begins: bool


_INSERT = insert(MessageRow).returning(MessageRow.number, sort_by_parameter_order=True)
_OWNERS = select(HistoryRow.uid, HistoryRow.character, HistoryRow.deleted).where(
    HistoryRow.uid.in_(bindparam("uids", expanding=True))
)
_TOTALS = (
    update(HistoryRow)
    .where(HistoryRow.uid == bindparam("of"))
    .values(
        messages=HistoryRow.messages + bindparam("more"),
        bytes=HistoryRow.bytes + bindparam("more_bytes"),
        updated=case((HistoryRow.updated > bindparam("now"), HistoryRow.updated), else_=bindparam("now")),
        last=bindparam("latest"),
        last_role=bindparam("latest_role"),
        title=func.coalesce(func.nullif(HistoryRow.title, ""), bindparam("first")),
    )
)


async def append_all(connection: AsyncConnection, messages: Sequence[NewMessage]) -> list[int | None]:
    """The numbers of the messages, in order. None: its history is not there, or another character's.

    Raises `IntegrityError` when a client's name is taken. Looking for it first would cost every message a query.
    """
    owners = await _owners(connection, messages)
    welcome = [one for one in messages if owners.get(one.history) == one.character]
    if not welcome:
        return [None] * len(messages)
    rows = await connection.execute(_INSERT, [_row(one) for one in welcome])
    numbers = iter(rows.scalars().all())
    await connection.execute(_TOTALS, _totals(welcome))
    return [next(numbers) if owners.get(one.history) == one.character else None for one in messages]


async def _owners(connection: AsyncConnection, messages: Sequence[NewMessage]) -> dict[str, str | None]:
    """The characters of the histories, None for a deleted one; a history that begins is made first."""
    found = await connection.execute(_OWNERS, {"uids": sorted({one.history for one in messages})})
    owners = {row.uid: None if row.deleted else row.character for row in found}
    for one in messages:
        if one.begins and one.history not in owners:
            await add_history(connection, one.history, one.character, one.time)
            owners[one.history] = one.character
    return owners


async def said_before(connection: AsyncConnection, message: NewMessage) -> int | None:
    """The number that a message has when its client has said it before. Raises `id-taken` for another text."""
    named = (MessageRow.history == message.history, MessageRow.client_id == message.client_id)
    found = await connection.execute(select(MessageRow.number, MessageRow.text).where(*named))
    row = found.one_or_none()
    if row is not None and row.text != message.text:
        raise HistoryProblem("id-taken")
    return None if row is None else row.number


def _row(message: NewMessage) -> dict[str, Any]:
    return {
        "history": message.history,
        "role": message.role,
        "name": message.name,
        "text": message.text,
        "time": message.time,
        "bytes": len(message.text.encode()),
        "interrupted": message.interrupted,
        "client_id": message.client_id or None,
    }


def _totals(messages: Sequence[NewMessage]) -> list[dict[str, Any]]:
    """What each history of the batch grows by. In the order of their uids, so that two servers never wait in a ring."""
    totals: dict[str, dict[str, Any]] = {}
    for one in messages:
        total = totals.setdefault(one.history, {"of": one.history, "more": 0, "more_bytes": 0, "first": ""})
        total["more"] += 1
        total["more_bytes"] += len(one.text.encode())
        total |= {"now": one.time, "latest": one_line(one.text, LAST), "latest_role": one.role}
        if one.role == "human" and not total["first"]:
            total["first"] = one_line(one.text, TITLE)
    return [totals[uid] for uid in sorted(totals)]
