"""The connections of the history, and what their failures mean to a client."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ai_chat.history.history_interface import HistoryProblem

_log = logging.getLogger(__name__)

READ_SECONDS = 15.0
READERS = 3

# Primary result codes of SQLite, states of Postgres.
_LOCKED = {5, 6, "55P03", "57014", "40P01"}
_FULL = {13, "53100"}


def is_sqlite(url: str) -> bool:
    """Whether the history is a file of ours."""
    return make_url(url).get_backend_name() == "sqlite"


def make_file(url: str) -> None:
    """Make the database's folder and an empty file that only its owner reads. What is there stays."""
    path = Path(make_url(url).database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def writer_engine(url: str, lock_seconds: float) -> AsyncEngine:
    """The one connection that writes."""
    if not is_sqlite(url):
        server = {"lock_timeout": str(int(lock_seconds * 1000))}
        connect = {"command_timeout": READ_SECONDS, "timeout": READ_SECONDS, "server_settings": server}
        return create_async_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=connect)
    engine = create_async_engine(url, pool_size=1, max_overflow=0, connect_args={"timeout": lock_seconds})
    event.listen(engine.sync_engine, "connect", _prepare_writer)
    event.listen(engine.sync_engine, "begin", _begin_at_once)
    return engine


def reader_engine(url: str) -> AsyncEngine:
    """A few connections that only read."""
    # The one used last is taken first: its pages are in its cache, and the others hold nothing but what they opened.
    pool = {"pool_size": READERS, "max_overflow": 0, "pool_timeout": READ_SECONDS, "pool_use_lifo": True}
    if not is_sqlite(url):
        server = {"default_transaction_read_only": "on"}
        connect = {"command_timeout": READ_SECONDS, "timeout": READ_SECONDS, "server_settings": server}
        return create_async_engine(url, pool_pre_ping=True, connect_args=connect, **pool)
    engine = create_async_engine(url, connect_args={"timeout": READ_SECONDS}, **pool)
    event.listen(engine.sync_engine, "connect", _prepare_reader)
    return engine


def problem_of(error: Exception) -> HistoryProblem:
    """What a client is told of a failure: `history-locked`, `history-full` or `history-unavailable`."""
    code = _code(error)
    if code in _LOCKED or isinstance(error, TimeoutError):
        return HistoryProblem("history-locked")
    if code in _FULL:
        return HistoryProblem("history-full")
    _log.warning("the history's database failed", exc_info=error)
    return HistoryProblem("history-unavailable", error=type(error).__name__)


# Drivers raise their own errors past SQLAlchemy while they connect, and no request may end the task that writes.
FAILURES = (Exception,)


def _code(error: BaseException | None) -> int | str | None:
    """The database's own code for an error, which adapters wrap once or twice."""
    while error is not None:
        if (number := getattr(error, "sqlite_errorcode", None)) is not None:
            return int(number) & 0xFF
        if (state := getattr(error, "sqlstate", None)) is not None:
            return str(state)
        error = (error.orig if isinstance(error, DBAPIError) else None) or error.__cause__
    return None


def _prepare_writer(connection: Any, _record: object) -> None:  # drivers have no common type
    connection.isolation_level = None  # the driver would begin late, and give up a lock it could have waited for
    cursor = connection.cursor()
    # Kept when the file has tables already. NORMAL: a commit survives the death of the process, not of the power.
    for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_reader(connection: Any, _record: object) -> None:  # drivers have no common type
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _begin_at_once(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
