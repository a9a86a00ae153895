"""Chat history and databases: sizes, rows, indexes, and an application that is never disturbed."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from overstay.checks.check import Project, Result
from overstay.checks.database import examine
from overstay.checks.history import HistoryCheck

Make = Callable[..., Project]
Ask = Callable[..., Any]
STORE = """\
    import sqlite3

    def messages(db, uid):
        return db.execute(f"SELECT role, content FROM messages WHERE conf_uid = {uid!r} ORDER BY id").fetchall()
"""
REWRITER = """\
    import json

    class History:
        def store_message(self, message):
            self.messages.append(message)
            text = json.dumps(self.messages)
            self.file.write_text(text)
"""
APPENDER = """\
    import json

    class History:
        def store_message(self, message):
            self.messages.append(message)
            with open(self.file, "a") as file:
                file.write(json.dumps(message))
"""


def database(path: Path, rows: int, *statements: str) -> None:
    """Make a database with a table of messages."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, conf_uid TEXT, role TEXT, content TEXT)")
        values = (("someone", "ai", "hello") for _ in range(rows))
        connection.executemany("INSERT INTO messages (conf_uid, role, content) VALUES (?, ?, ?)", values)
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def grown(path: Path, size: int) -> None:
    """Make a file look large without filling the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def of(results: list[Result], about: str) -> Result:
    """Return the only result about one thing."""
    [found] = [each for each in results if each.about == about]
    return found


def test_a_history_of_more_than_a_gigabyte_is_to_be_archived(make: Make, said: Ask) -> None:
    """The checklist's threshold, over all files below the folder."""
    project = make()
    grown(project.root / "chat_history" / "a" / "1.json", 600_000_000)
    grown(project.root / "chat_history" / "b" / "2.json", 400_000_001)
    result = said(HistoryCheck(), project).about("suspect-5")
    assert result.status == "warning"
    assert result.title == "chat_history/ has 2 files, 1 GB: more than 1 GB"
    assert result.fix is not None
    assert result.fix.summary.startswith("Archive it")


def test_a_small_history_is_fine(make: Make, said: Ask) -> None:
    """The clean twin: a byte less."""
    project = make()
    grown(project.root / "chat_history" / "1.json", 1_000_000_000)
    assert said(HistoryCheck(), project).about("suspect-5").status == "fine"


def test_a_history_from_which_nothing_is_ever_removed_says_so(make: Make, said: Ask) -> None:
    """The code that names the folder has no line that deletes; its twin has one."""
    code = "from pathlib import Path\nFOLDER = Path('chat_history')\n"
    keeping = make({"chat_history/a.json": "{}", "store.py": code})
    told = "no line of store.py ever removes anything there"
    assert told in said(HistoryCheck(), keeping).about("suspect-5").details
    removing = make({"store.py": code + "def purge(file):\n    file.unlink()\n"})
    assert told not in said(HistoryCheck(), removing).about("suspect-5").details


def test_rows_of_every_table_are_counted(make: Make, said: Ask) -> None:
    """With the file's size."""
    project = make()
    database(project.root / "chat.db", 120)
    result = said(HistoryCheck(), project).about("suspect-5")
    assert (result.status, result.details) == ("fine", ("messages: 120 rows",))


def test_a_missing_index_is_said_with_the_statement_that_makes_it(make: Make, said: Ask) -> None:
    """The query reads all of a large table for every conversation."""
    project = make({"store.py": STORE})
    database(project.root / "chat.db", 10_001)
    result = said(HistoryCheck(), project).about("suspect-5")
    assert result.status == "warning"
    assert result.fix is not None
    assert result.fix.diff == "CREATE INDEX messages_conf_uid ON messages (conf_uid);"
    assert result.evidence == ("asked at store.py:4",)
    assert "no query in the code ever deletes from messages" in result.details


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("role = ? AND conf_uid = ?", "messages_role_conf_uid ON messages (role, conf_uid)"),
        ("conf_uid > ? AND role = ?", "messages_role_conf_uid ON messages (role, conf_uid)"),
        ("m.role IN (?, ?)", "messages_role ON messages (role)"),
        ("conf_uid BETWEEN ? AND ? AND nowhere = 1", "messages_conf_uid ON messages (conf_uid)"),
    ],
)
def test_an_index_has_the_columns_in_the_order_that_serves(make: Make, said: Ask, where: str, index: str) -> None:
    """What is equal comes first, a range after it; a column that the table does not have is left out."""
    project = make({"store.py": f"SQL = 'SELECT * FROM messages AS m WHERE {where}'\n"})
    database(project.root / "chat.db", 10_001)
    assert said(HistoryCheck(), project).about("suspect-5").fix.diff == f"CREATE INDEX {index};"


@pytest.mark.slow
def test_a_large_database_its_free_pages_and_its_wal_have_their_advice(make: Make, said: Ask) -> None:
    """Over 1 GB, a quarter of it free, 100 MB in the WAL: archive, VACUUM, checkpoint; a small one needs none."""
    path = make().root / "chat.db"
    database(path, 1, "CREATE TABLE blobs (content)", "INSERT INTO blobs VALUES (zeroblob(120000000))")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM blobs")
        connection.commit()
    grown(path.with_name("chat.db-wal"), 100_000_001)
    result = said(HistoryCheck(), make()).about("suspect-5")
    assert result.status == "warning"
    assert "120 MB are free pages" in result.details
    assert "100 MB are still in the WAL, and not counted" in result.details
    assert "are free pages: run VACUUM" in result.fix.summary
    assert "wait in its WAL" in result.fix.summary
    assert "Archive it" not in result.fix.summary
    with path.open("r+b") as file:
        file.truncate(1_000_000_001)
    assert said(HistoryCheck(), make()).about("suspect-5").fix.summary.startswith("Archive it")
    path.with_name("chat.db-wal").unlink()
    path.unlink()
    database(path, 1)
    assert said(HistoryCheck(), make()).about("suspect-5").status == "fine"


@pytest.mark.parametrize("cure", ["CREATE INDEX i ON messages (conf_uid)", "DELETE FROM messages WHERE id > 9000"])
def test_an_index_or_few_rows_need_none(make: Make, said: Ask, cure: str) -> None:
    """The clean twins."""
    project = make({"store.py": STORE})
    database(project.root / "chat.db", 10_001, cure)
    assert said(HistoryCheck(), project).about("suspect-5").status == "fine"


def test_a_table_from_which_the_code_deletes_is_not_kept_for_ever(make: Make, said: Ask) -> None:
    """A statement that deletes is retention."""
    purge = "\n    def purge(db):\n        db.execute('DELETE FROM messages WHERE id < ?', (7,))\n"
    project = make({"store.py": STORE + purge})
    database(project.root / "chat.db", 10_001)
    assert not any("ever deletes" in line for line in said(HistoryCheck(), project).about("suspect-5").details)


def test_whole_file_rewrites_are_named_with_their_line(make: Make, said: Ask) -> None:
    """A history that is dumped anew with every message; its twin appends."""
    result = said(HistoryCheck(), make({"history.py": REWRITER})).about("suspect-5")
    assert (result.status, str(result.site)) == ("warning", "history.py:6")
    clean = said(HistoryCheck(), make({"history.py": APPENDER})).about("suspect-5")
    assert clean.status == "does-not-apply"


def test_a_project_without_history_is_not_affected(make: Make, said: Ask) -> None:
    """Neither files nor code."""
    assert said(HistoryCheck(), make({"app.py": ""})).about("suspect-5").status == "does-not-apply"


# Bad input


def test_a_locked_database_is_read_and_its_writer_is_not_kept_waiting(make: Make, said: Ask) -> None:
    """While we look, the application holds an exclusive lock, and commits without an error."""
    project = make()
    database(project.root / "chat.db", 10)
    with closing(sqlite3.connect(project.root / "chat.db", timeout=0, isolation_level=None)) as application:
        application.execute("BEGIN EXCLUSIVE")
        application.execute("INSERT INTO messages (role) VALUES ('ai')")
        began = time.monotonic()
        result = said(HistoryCheck(), project).about("suspect-5")
        assert time.monotonic() - began < 10
        application.execute("COMMIT")
        assert application.execute("SELECT count(*) FROM messages").fetchone() == (11,)
    assert result.about == "chat.db"


def test_a_reader_of_ours_never_blocks_a_writer(make: Make) -> None:
    """A commit in the middle of our reading goes through at once: we hold no lock."""
    path = make().root / "chat.db"
    database(path, 1_000)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as application:
        from overstay.checks.database import _opened

        with closing(_opened(path)) as ours:
            rows = ours.execute("SELECT * FROM messages")
            rows.fetchone()
            application.execute("BEGIN EXCLUSIVE")
            application.execute("DELETE FROM messages")
            application.execute("COMMIT")


@pytest.mark.parametrize("is_open", [True, False])
def test_looking_at_a_database_in_wal_mode_leaves_no_file(make: Make, said: Ask, is_open: bool) -> None:
    """Neither -wal nor -shm is made, taken away or changed; what is in the WAL is said to be there."""
    project = make()
    path = project.root / "chat.db"
    database(path, 10, "PRAGMA user_version = 1")
    with closing(sqlite3.connect(path)) as application:
        application.execute("PRAGMA journal_mode = WAL")
        if is_open:
            application.execute("INSERT INTO messages (role) VALUES ('ai')")
            application.commit()
        else:
            application.close()
        before = {file.name: file.read_bytes() for file in project.root.iterdir()}
        result = said(HistoryCheck(), project).about("suspect-5")
        assert {file.name: file.read_bytes() for file in project.root.iterdir()} == before
    assert result.details[0] == "messages: 10 rows"
    assert any("still in the WAL" in line for line in result.details) == is_open


@pytest.mark.parametrize("where", [0, 20, 100, 2_000, 4_096, 5_000])
def test_a_corrupt_database_is_said_in_one_sentence(make: Make, said: Ask, where: int) -> None:
    """Whatever part of it is damaged: figures or a sentence, never a failure."""
    project = make()
    path = project.root / "chat.db"
    database(path, 2_000, "CREATE INDEX i ON messages (role)")
    content = bytearray(path.read_bytes())
    content[where : where + 300] = os.urandom(300)
    path.write_bytes(content)
    result = said(HistoryCheck(), project).about("suspect-5")
    assert result.status in ("not-checked", "fine")
    assert result.title.startswith("chat.db ")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "chat.db was not read: it is no SQLite database"),
        (b"<html>", "chat.db was not read: it is no SQLite database"),
        (b"SQLite format 3\x00", "chat.db was not read: SQLite says that it is damaged (file is not a database)"),
    ],
)
def test_what_is_no_database_is_said_to_be_none(make: Make, said: Ask, content: bytes, told: str) -> None:
    """A name is not enough."""
    assert said(HistoryCheck(), make({"chat.db": content})).about("suspect-5").title == told


def test_counting_ends_with_the_time(make: Make) -> None:
    """Of a table that takes too long, the largest row number stands for the count, and is said to."""
    path = make().root / "chat.db"
    database(path, 200_000)
    found = examine(path, until=time.monotonic() - 1)
    assert [(table.rows, table.is_counted) for table in found.tables] == [(200_000, False)]


def test_names_that_would_be_sql_are_only_names(make: Make, said: Ask) -> None:
    """A table may be called anything."""
    project = make()
    database(project.root / "chat ?#%.db", 1, 'CREATE TABLE "x""; DROP TABLE messages; --" (a TEXT)')
    details = of(said(HistoryCheck(), project), "chat ?#%.db").details
    assert "messages: 1 row" in details
    assert 'x"; DROP TABLE messages; --: 0 rows' in details
