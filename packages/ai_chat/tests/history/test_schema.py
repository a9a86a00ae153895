"""The migrations make what the models describe."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from history_databases import run, sqlite_settings
from sqlalchemy import Connection, text

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history.database import reader_engine, writer_engine
from ai_chat.history.history_interface import new_uid
from ai_chat.history.models import Base
from ai_chat.history.schema import configuration, upgrade
from ai_chat.history.store import ChatHistory


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return sqlite_settings(tmp_path).url if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


def _is_compared(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """All but what searches: models know no virtual table and no trigram index."""
    return not (str(name).startswith("messages_fts") or name == "messages_text_trgm")


def _differences(connection: Connection) -> list[Any]:
    options = {"include_object": _is_compared, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def test_models_and_migrations_agree(url: str) -> None:
    """Alembic finds no difference between the models and an upgraded database."""

    async def main() -> None:
        await upgrade(url, 5)
        engine = reader_engine(url)
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
        await engine.dispose()

    run(main)


def test_messages_of_the_first_form_stay(url: str) -> None:
    """What was stored before messages had names is there after the step, without one, and named ones follow."""
    uid = new_uid()

    def back(connection: Connection) -> None:
        config = configuration(connection)
        command.upgrade(config, "head")
        command.downgrade(config, "0001")
        connection.execute(text(f"INSERT INTO histories VALUES ('{uid}', 'a', '', 1, 1, 1, 3, 'old', 'human', false)"))
        columns = "history, role, name, text, time, bytes, interrupted"
        connection.execute(text(f"INSERT INTO messages ({columns}) VALUES ('{uid}', 'human', '', 'old', 1, 3, false)"))

    async def main() -> None:
        engine = writer_engine(url, 5)
        async with engine.begin() as connection:
            await connection.run_sync(back)
        await engine.dispose()
        async with ChatHistory(HistorySettings(url=url)) as history:
            await history.append("a", uid, role="human", text="new", client_id="n")
            assert [(one.text, one.id) for one in await history.messages("a", uid)] == [("old", None), ("new", "n")]
            assert [one.text for one in await history.search("a", "old")] == ["old"]

    run(main)


def test_second_opening_changes_nothing(tmp_path: Path) -> None:
    """An upgraded database has the same schema, page for page, after another upgrade; it is WAL and its owner's."""
    url = sqlite_settings(tmp_path).url

    def versions() -> tuple[Any, ...]:
        database = sqlite3.connect(tmp_path / "history.db")
        pragmas = ("schema_version", "page_count", "journal_mode", "auto_vacuum")
        found = tuple(database.execute(f"PRAGMA {one}").fetchone()[0] for one in pragmas)
        database.close()
        return found

    asyncio.run(upgrade(url, 5))
    before = versions()
    asyncio.run(upgrade(url, 5))
    assert versions() == before
    assert before[2:] == ("wal", 2)
