"""SQLite files of a project: how large, how full, and which queries have to read all of a table.

A file is opened as immutable: SQLite then takes no lock and makes no file, so that the application is never kept
waiting and the project is never written to. The price is that what is still in the WAL is not seen, and that figures
may be off while the application writes; both are said.
"""

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_HEADER = b"SQLite format 3\x00"
_OPCODES = 20_000
_MOST_TABLES = 200
_RESERVED = frozenset(
    {"group", "order", "index", "table", "select", "where", "from", "to", "values", "default", "check"}
)


class UnreadableDatabaseError(Exception):
    """A database that cannot be read; `slug` says why."""

    def __init__(self, slug: str, **values: object) -> None:
        super().__init__(slug)
        self.slug = slug
        self.values = values


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its rows, its columns, and those that begin an index; `is_counted` is false for a guess."""

    name: str
    rows: int
    columns: tuple[str, ...]
    indexed: frozenset[str]
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Database:
    """What a file says about itself; sizes are bytes, `in_wal` is what is not yet in the file."""

    size: int
    free: int
    in_wal: int
    tables: tuple[Table, ...]
    is_being_written: bool


def examine(path: Path, *, until: float) -> Database:
    """Return what a database has; raises UnreadableDatabaseError, and ends soon after `until`."""
    try:
        before = _signature(path)
        if not _is_database(path):
            raise UnreadableDatabaseError("check.database.none")
        with closing(_opened(path)) as connection:
            page, free = (_pragma(connection, name) for name in ("page_size", "freelist_count"))
            tables = tuple(_tables(connection, until))
    except sqlite3.DatabaseError as err:
        if _signature(path) != before or _is_half_written(path):
            raise UnreadableDatabaseError("check.database.busy") from err
        raise UnreadableDatabaseError("check.database.corrupt", reason=str(err)) from err
    except OSError as err:
        raise UnreadableDatabaseError("check.unreadable.denied", reason=err.strerror or str(err)) from err
    size = path.stat().st_size
    is_written = _signature(path) != before or _is_half_written(path)
    return Database(size, page * free, _size(f"{path}-wal"), tables, is_being_written=is_written)


def _is_database(path: Path) -> bool:
    """Tell whether a file begins as SQLite's do."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, timeout=0.1)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _signature(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_mtime_ns, told.st_size


def _is_half_written(path: Path) -> bool:
    """Tell whether a rollback journal lies beside the file: a transaction is open, or was when its writer died."""
    return _size(f"{path}-journal") > 0


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _tables(connection: sqlite3.Connection, until: float) -> Iterator[Table]:
    listed = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    for (name,) in listed.fetchmany(_MOST_TABLES):
        rows, is_counted = _rows(connection, name, until)
        columns = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
        yield Table(name, rows, tuple(column[1] for column in columns), _indexed(connection, name, columns), is_counted)


def _rows(connection: sqlite3.Connection, table: str, until: float) -> tuple[int, bool]:
    """Return how many rows a table has; when there is no time to count, its largest row number."""
    connection.set_progress_handler(lambda: time.monotonic() > until, _OPCODES)
    try:
        # Not count(*), which SQLite does in one step that no handler can interrupt.
        counted = connection.execute(f"SELECT coalesce(sum(1), 0) FROM {quoted(table)}")  # noqa: S608 - quoted
        return int(counted.fetchone()[0]), True
    except sqlite3.OperationalError as err:
        if "interrupted" not in str(err):
            raise
    finally:
        connection.set_progress_handler(None, 0)
    try:
        largest = connection.execute(f"SELECT max(rowid) FROM {quoted(table)}").fetchone()[0]  # noqa: S608 - quoted
    except sqlite3.OperationalError:  # a table without row numbers
        return 0, False
    return int(largest or 0), False


def _indexed(connection: sqlite3.Connection, table: str, columns: Iterable[tuple[object, ...]]) -> frozenset[str]:
    """Return the columns by which rows are found without reading all of them: the first one of every index."""
    found = {str(column[1]) for column in columns if column[5] == 1}
    for index in connection.execute(f"PRAGMA index_list({quoted(table)})").fetchall():
        parts = connection.execute(f"PRAGMA index_info({quoted(index[1])})").fetchall()
        found |= {str(part[2]) for part in parts[:1] if part[2] is not None}
    return frozenset(found)


def quoted(name: str) -> str:
    """Return a name as SQL has it; the usual ones need no quotes."""
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'
