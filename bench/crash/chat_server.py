"""The chat server as a process in a folder, started again on the same database."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
import urllib.request
from pathlib import Path

import psutil

CONFIGURATION = "limits: {messages_per_second: 10000, messages_burst: 10000}\n"
START_SECONDS = 60.0
GONE_SECONDS = 5.0  # that a tool server has to end after its parent


class ChatServer:
    """`ai-chat` with a history in the folder and the tools that it ships; it lets a client talk as fast as it can."""

    def __init__(self, folder: Path) -> None:
        (folder / "conf.yaml").write_text(CONFIGURATION, encoding="utf-8")
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._below: list[psutil.Process] = []
        self.address = ""

    async def start(self) -> None:
        """Start it, and wait until it and its tools answer."""
        command = [sys.executable, "-m", "ai_chat", "--port", "0", "--lang", "en"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AI_CHAT_")}
        with (self._folder / "stderr").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=self._folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            words = (await self._process.stdout.readline()).decode().split()
            self.address = next(word for word in words if word.startswith("http")).rstrip("/")
            while not await asyncio.to_thread(self._is_ready):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
        self._below = psutil.Process(self._process.pid).children(recursive=True)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
            return set(json.load(answer)["tools"].values()) == {"up"}
        return False

    @property
    def tools(self) -> int:
        """How many processes the server has started."""
        return len(self._below)

    async def kill(self) -> int:
        """Kill it with SIGKILL; how many of the processes that it had started are still there after five seconds."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        deadline = time.monotonic() + GONE_SECONDS
        left = self._below
        while (left := [one for one in left if _is_alive(one)]) and time.monotonic() < deadline:  # noqa: ASYNC110 - so are they
            await asyncio.sleep(0.02)
        for one in left:
            one.kill()
        return len(left)

    def said(self) -> str:
        """What it wrote to its error stream."""
        return (self._folder / "stderr").read_text(encoding="utf-8")


def _is_alive(process: psutil.Process) -> bool:
    """A zombie is dead: the machine's first process owes it, not we."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
