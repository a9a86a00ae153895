"""Databases for the tests of the history."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("history_databases", Path(__file__).with_name("databases.py"))
assert _spec is not None
assert _spec.loader is not None
databases = importlib.util.module_from_spec(_spec)
sys.modules["history_databases"] = databases
_spec.loader.exec_module(databases)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a private Postgres server."""
    if databases.POSTGRES is None or databases.INITDB is None or not Path(databases.INITDB).exists():
        pytest.skip("no postgres and initdb on this machine")
    with (
        tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder,
        databases.postgres_server(Path(folder)) as url,
    ):
        yield url
