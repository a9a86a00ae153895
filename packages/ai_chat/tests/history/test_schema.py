"""The migrations make what the models describe."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from history_databases import run, sqlite_settings
from sqlalchemy import Connection

from ai_chat.history.database import reader_engine
from ai_chat.history.models import Base
from ai_chat.history.schema import upgrade


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
