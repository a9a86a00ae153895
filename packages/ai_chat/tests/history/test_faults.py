"""A locked database, a full disk, a full queue, a killed process."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from history_databases import run, sqlite_settings
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history.history_interface import HistoryProblem
from ai_chat.history.store import ChatHistory

APPENDER = Path(__file__).with_name("appender.py")


async def begun(history: ChatHistory) -> str:
    """A history that is written already: nothing of its beginning waits."""
    uid = history.begin("a")
    await history.rename("a", uid, "")
    return uid


@pytest.mark.slow
def test_locked_database_is_told_and_appends_work_again_after_it(tmp_path: Path) -> None:
    """Who appends is told `history-locked`, readers go on, the acknowledged message stays, later ones are written."""

    async def main() -> None:
        async with ChatHistory(sqlite_settings(tmp_path), lock_seconds=0.3) as history:
            uid = await begun(history)
            await history.append("a", uid, role="human", text="before")
            other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(HistoryProblem, match="history-locked"):
                await history.append("a", uid, role="human", text="locked out")
            assert len(await history.messages("a", uid)) == 1
            other.execute("ROLLBACK")
            other.close()
            await history.append("a", uid, role="human", text="after")
            assert [one.text for one in await history.messages("a", uid)] == ["before", "after"]

    run(main)


@pytest.mark.slow
def test_full_disk_is_told_and_appends_work_again_after_it(tmp_path: Path) -> None:
    """Who appends is told `history-full`, all that was acknowledged is there, and later messages are written."""

    async def pages(connection: AsyncConnection) -> int:
        return int((await connection.exec_driver_sql("PRAGMA page_count")).scalar_one())

    async def main() -> None:
        async with ChatHistory(sqlite_settings(tmp_path)) as history:
            uid = await begun(history)
            acknowledged = [await history.append("a", uid, role="human", text="before")]
            used = await history._writer.do(pages)
            await history._writer.do(
                lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={used + 40}")
            )
            refused = []
            for _ in range(100):
                try:
                    acknowledged.append(await history.append("a", uid, role="human", text="full " * 800))
                except HistoryProblem as problem:
                    refused.append(problem.code)
            assert set(refused) == {"history-full"}
            assert len(acknowledged) > 1
            assert [one.number for one in await history.messages("a", uid)] == acknowledged
            await history._writer.do(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=1000000"))
            acknowledged.append(await history.append("a", uid, role="human", text="space again"))
            assert [one.number for one in await history.messages("a", uid)] == acknowledged

    run(main)


def test_full_queue_is_told_at_once(tmp_path: Path) -> None:
    """What does not fit is refused when it is handed over; what fits is written."""

    async def main() -> None:
        async with ChatHistory(sqlite_settings(tmp_path, queue=10)) as history:
            uid = await begun(history)
            waits = [history.append("a", uid, role="human", text=str(number)) for number in range(10)]
            with pytest.raises(HistoryProblem, match="history-busy"):
                history.append("a", uid, role="human", text="one too many")
            await asyncio.gather(*waits)
            assert len(await history.messages("a", uid)) == 10

    run(main)


def test_failure_that_nobody_awaits_is_no_error_of_the_loop(tmp_path: Path) -> None:
    """The loop's exception handler is not called for a refused message."""

    async def main() -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
        async with ChatHistory(sqlite_settings(tmp_path)) as history:
            history.append("a", "unknown", role="human", text="x")
        assert told == []

    run(main)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_acknowledged_messages_survive_kill_9(tmp_path: Path, seed: int) -> None:
    """Killed at a random moment under load, the database has every message whose number was printed, in order."""
    delay = random.Random(seed).uniform(0.02, 0.6)
    appender = subprocess.Popen([sys.executable, APPENDER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert appender.stdout is not None
    first = appender.stdout.readline()
    deadline = time.monotonic() + delay
    printed = [first]
    while time.monotonic() < deadline:
        printed.append(appender.stdout.readline())
    appender.send_signal(signal.SIGKILL)
    printed += appender.stdout.readlines()
    appender.stdout.close()
    appender.wait(10)
    whole = [line.split() for line in printed if line.endswith("\n")]
    with sqlite3.connect(tmp_path / "history.db") as database:
        stored = dict(database.execute("SELECT number, text FROM messages ORDER BY number").fetchall())
        (check,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    assert check == "ok"
    assert whole
    assert [(number, stored.get(int(number))) for number, _text in whole] == [(number, text) for number, text in whole]
    texts = [int(text) for text in stored.values()]
    assert texts == list(range(len(texts)))


@pytest.mark.slow
def test_unreachable_database_is_a_problem_of_the_history(tmp_path: Path, postgres: str) -> None:
    """A server that is not there, a database that does not exist and a folder that cannot be made are told alike."""
    (tmp_path / "file").touch()
    urls = (
        f"postgresql+asyncpg://history@/postgres?host={tmp_path}",
        postgres.replace("/postgres?", "/nowhere?"),
        f"sqlite+aiosqlite:///{tmp_path}/file/history.db",
    )

    async def main() -> None:
        for url in urls:
            with pytest.raises(HistoryProblem, match="history-unavailable"):
                await ChatHistory(HistorySettings(url=url)).__aenter__()

    run(main)
