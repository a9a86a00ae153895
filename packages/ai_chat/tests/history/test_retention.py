"""Old messages leave by age, count and bytes."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
import time
from pathlib import Path

import pytest
from history_databases import run, sqlite_settings

from ai_chat.config_manager.settings import RetentionSettings
from ai_chat.history.retention import Excess, Old, leaving
from ai_chat.history.store import ChatHistory
from ai_chat.protocol.events import MessageItem


async def begun(history: ChatHistory) -> str:
    """A history that is written already: nothing of its beginning waits."""
    uid = history.begin("a")
    await history.rename("a", uid, "")
    return uid


def _old(number: int) -> Old:
    return Old(MessageItem(number, "human", "x", float(number)), 10)


@pytest.mark.parametrize(
    ("excess", "gone"),
    [
        (Excess(0, 0, 0.0), 0),
        (Excess(3, 0, 0.0), 3),
        (Excess(0, 25, 0.0), 3),
        (Excess(0, 30, 0.0), 3),
        (Excess(0, 0, 4.0), 4),
        (Excess(1, 0, 2.0), 2),
        (Excess(99, 0, 0.0), 9),
    ],
)
def test_the_oldest_leave_until_nothing_is_too_much(excess: Excess, gone: int) -> None:
    """Each rule counts; no more messages leave than must."""
    assert [one.number for one in leaving([_old(n) for n in range(9)], excess)] == list(range(gone))


@pytest.mark.slow
def test_too_many_messages_are_archived_and_removed_everywhere(tmp_path: Path) -> None:
    """The newest stay; the others are in the archive, in no list, and found by no search; appends go on meanwhile."""
    rules = RetentionSettings(messages=100, archive=tmp_path / "old")

    async def main() -> None:
        async with ChatHistory(sqlite_settings(tmp_path, retention=rules)) as history:
            uid = await begun(history)
            numbers = await asyncio.gather(
                *[history.append("a", uid, role="human", text=f"needle {n}" + "x" * 500) for n in range(2_500)]
            )
            async with asyncio.TaskGroup() as group:
                retained = group.create_task(history.retain_once())
                await history.append("a", uid, role="human", text="meanwhile")
            assert retained.result() in {2_400, 2_401}
            await history.retain_once()
            kept = await history.messages("a", uid, limit=5_000)
            assert len(kept) == 100
            assert kept[-1].text == "meanwhile"
            (item,) = await history.list("a")
            assert item.messages == 100
            assert [one.number for one in (await history.search("a", "needle", limit=5_000))[::-1]] == numbers[-99:]
        lines = [
            json.loads(line)
            for file in sorted((tmp_path / "old").iterdir(), key=lambda one: int(one.name.split("-")[2]))
            for line in gzip.decompress(file.read_bytes()).splitlines()
        ]
        assert [one["number"] for one in lines] == numbers[:2_401]
        assert {one["history"] for one in lines} == {uid}

    run(main)
    database = sqlite3.connect(tmp_path / "history.db")
    database.execute("INSERT INTO messages_fts(messages_fts, rank) VALUES ('integrity-check', 1)")
    assert (
        database.execute("SELECT sum(bytes) FROM histories").fetchone()
        == database.execute("SELECT sum(bytes) FROM messages").fetchone()
    )
    database.close()


def test_messages_of_an_age_leave(tmp_path: Path) -> None:
    """What is older than the days leaves, without an archive when none is named."""

    async def main() -> None:
        async with ChatHistory(sqlite_settings(tmp_path, retention=RetentionSettings(days=7))) as history:
            uid = await begun(history)
            await asyncio.gather(*[history.append("a", uid, role="human", text=str(n)) for n in range(10)])
            week_ago = time.time() - 8 * 86_400
            await history._writer.do(
                lambda connection: connection.exec_driver_sql(
                    "UPDATE messages SET time = ? WHERE number <= 4", (week_ago,)
                )
            )
            await history.retain_once()
            async with asyncio.timeout(10):
                while len(await history.messages("a", uid)) > 6:  # the retention of the start may be under way as well
                    await asyncio.sleep(0.01)
            assert [one.text for one in await history.messages("a", uid)] == [str(n) for n in range(4, 10)]

    run(main)


def test_megabytes_are_kept_to(tmp_path: Path) -> None:
    """The text that stays is at most the megabytes."""

    async def main() -> None:
        rules = RetentionSettings(megabytes=0.01)
        async with ChatHistory(sqlite_settings(tmp_path, retention=rules)) as history:
            uid = await begun(history)
            await asyncio.gather(*[history.append("a", uid, role="human", text="长" * 1_000) for n in range(10)])
            await history.retain_once()
            async with asyncio.timeout(10):
                while len(await history.messages("a", uid)) > 3:
                    await asyncio.sleep(0.01)
            assert len(await history.messages("a", uid)) == 3

    run(main)
