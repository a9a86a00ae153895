"""Servers that misbehave, loops of both kinds, and what a process holds."""

import asyncio
import contextlib
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import uvloop

from ai_chat.config_manager.settings import MCPServerSettings

SERVER = str(Path(__file__).with_name("unruly_server.py"))


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Run a coroutine function to its end on a loop of its own."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run_it(main: Callable[[], Coroutine]) -> object:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main())

    return run_it


@dataclass
class Unruly:
    """The settings of unruly servers, and what they saw."""

    seen: Path

    def settings(self, *words: str, call_seconds: float = 5, **more) -> MCPServerSettings:
        """A server with these words; `env` is added to its environment."""
        env = {"SEEN": str(self.seen), **more.pop("env", {})}
        return MCPServerSettings(
            command=sys.executable, args=(SERVER, *words), env=env, call_seconds=call_seconds, **more
        )

    def lines(self, word: str) -> list[str]:
        """What they saw of this kind."""
        told = self.seen.read_text().splitlines() if self.seen.exists() else []
        return [line for line in told if line.split()[0] == word]

    def running(self) -> list[psutil.Process]:
        """Every process that carries our file's name in its environment: the servers and all they started."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get("SEEN") == str(self.seen):
                    found.append(process)
        return found


@pytest.fixture
def unruly(tmp_path):
    """Unruly servers; none may be left when the test ends."""
    unruly = Unruly(tmp_path / "seen")
    yield unruly
    left = unruly.running()
    for process in left:
        process.kill()
    assert not left


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.01)


@pytest.fixture(name="until")
def until_fixture():
    """The function `until`."""
    return until


def holdings() -> tuple[int, int, int]:
    """Descriptors, threads and children of this process."""
    me = psutil.Process()
    return me.num_fds(), threading.active_count(), len(me.children(recursive=True))


@pytest.fixture
def returns_to_base_line():
    """A function that makes a stay many times, and fails when more is held than after the first."""

    async def check(stay: Callable[[], Coroutine], times: int) -> None:
        await stay()
        gc.collect()
        before = holdings()
        for _ in range(times):
            await stay()
        gc.collect()
        await until(lambda: holdings() == before, 3)

    return check
