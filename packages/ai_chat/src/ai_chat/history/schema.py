"""Brings a database to the form that the models describe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from ai_chat.history.database import writer_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection


async def upgrade(url: str, lock_seconds: float) -> None:
    """Run the steps that are missing. A database that is up to date is not changed.

    Alembic imports and runs code for tens of milliseconds, so it has a thread with a loop of its own.
    """
    await asyncio.to_thread(asyncio.run, _upgrade(url, lock_seconds))


async def _upgrade(url: str, lock_seconds: float) -> None:
    engine = writer_engine(url, lock_seconds)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run_steps)
    finally:
        await engine.dispose()


def _run_steps(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4147)")  # one server at a time
    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, for this connection."""
    config = Config()
    config.set_main_option("script_location", "ai_chat.history:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
