"""Real databases for the tests: a file, and a private Postgres server where one can be started."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from ai_chat.config_manager.settings import HistorySettings

Main = Callable[[], Coroutine[Any, Any, None]]
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
POSTGRES = shutil.which("postgres")
INITDB = shutil.which("initdb") or (str(Path(POSTGRES).resolve().with_name("initdb")) if POSTGRES else None)


def sqlite_settings(folder: Path, **values: Any) -> HistorySettings:
    return HistorySettings(url=f"sqlite+aiosqlite:///{folder}/history.db", **values)


def run(main: Main, loop: str = "asyncio") -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """The URL of a private server on a unix socket in `folder`, ended with the context."""
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "nobody", "nogroup")
    common: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "cwd": folder, **user}
    cluster = folder / "cluster"
    made = subprocess.run(
        [INITDB, "-D", cluster, "-U", "history", "-A", "trust", "-E", "UTF8", "--no-sync"], check=False, **common
    )
    assert made.returncode == 0, made.stdout.decode()
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [POSTGRES, "-D", cluster, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        **{**common, "stdout": log},
    )
    try:
        _wait_until_it_answers(folder)
        yield f"postgresql+asyncpg://history@/postgres?host={folder}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _wait_until_it_answers(folder: Path) -> None:
    deadline = time.monotonic() + 30
    psql = ["psql", "-h", str(folder), "-U", "history", "-d", "postgres", "-c", "select 1"]
    while subprocess.run(psql, capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < deadline, (folder / "log").read_text()
