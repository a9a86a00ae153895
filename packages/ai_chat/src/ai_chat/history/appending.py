"""Messages on their way into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_chat.history.models import HistoryRow, MessageRow
from ai_chat.history.text import LAST, TITLE, one_line


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be appended. Its text is storable."""

    character: str
    history: str
    role: str
    text: str
    name: str
    time: float
    interrupted: bool


_INSERT = insert(MessageRow).returning(MessageRow.number, sort_by_parameter_order=True)
_OWNERS = select(HistoryRow.uid, HistoryRow.character).where(
    HistoryRow.uid.in_(bindparam("uids", expanding=True)), HistoryRow.deleted.is_(False)
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
    """The numbers of the messages, in order. None: its history is not there, or another character's."""
    found = await connection.execute(_OWNERS, {"uids": sorted({one.history for one in messages})})
    owners = {row.uid: row.character for row in found}
    welcome = [one for one in messages if owners.get(one.history) == one.character]
    if not welcome:
        return [None] * len(messages)
    rows = await connection.execute(_INSERT, [_row(one) for one in welcome])
    numbers = iter(rows.scalars().all())
    await connection.execute(_TOTALS, _totals(welcome))
    return [next(numbers) if owners.get(one.history) == one.character else None for one in messages]


def _row(message: NewMessage) -> dict[str, Any]:
    return {
        "history": message.history,
        "role": message.role,
        "name": message.name,
        "text": message.text,
        "time": message.time,
        "bytes": len(message.text.encode()),
        "interrupted": message.interrupted,
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
