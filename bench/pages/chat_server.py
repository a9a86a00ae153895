"""The chat server as its user starts it: a process of its own with two MCP servers and a history."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history.store import ChatHistory

LATEST = 200  # messages of one history: as many as a page shows
CONF = """
system_config: {{host: 127.0.0.1, port: 0}}
history: {{url: "sqlite+aiosqlite:///history.db"}}
mcp_servers:
  clock: {{command: "{python}", args: [-m, ai_chat.mcpp.local_tools]}}
  calculator: {{command: "{python}", args: [-m, ai_chat.mcpp.local_tools]}}
"""
WORDS = "the weather is fine today 今天天气很好 我们去公园散步吧 tell me a story about cats 讲一个故事".split()


class ChatServer:
    """A running server."""

    def __init__(self, process: psutil.Process, port: int) -> None:
        self.process = process
        self.port = port

    def children(self) -> set[int]:
        """The processes that it has started and that run."""
        return {child.pid for child in self.process.children(recursive=True)}

    def cpu(self) -> float:
        """The seconds of CPU that it has used, without its children."""
        times = self.process.cpu_times()
        return times.user + times.system

    async def memory(self) -> float:
        """Its proportional share of memory in KB, once that stands still: what was made has gone, or stays."""
        sizes: list[int] = []
        while len(sizes) < 40 and (len(sizes) < 6 or max(sizes[-6:]) - min(sizes[-6:]) > 64):
            await asyncio.sleep(0.5)
            rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
            sizes.append(int(re.findall(r"^Pss:\s+(\d+)", rollup, re.M)[0]))
        return sizes[-1]

    async def ask(self, path: str) -> Any:
        """The answer at an HTTP address."""
        return await asyncio.to_thread(self._ask, path)

    def _ask(self, path: str) -> bytes:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as refused:
            body = refused.read()
        return body

    async def sessions(self) -> int:
        """How many sessions it has."""
        told = (await self.ask("/metrics")).decode()
        return int(float(re.findall(r"^ai_chat_sessions (\S+)", told, re.M)[0]))

    async def until(self, sessions: int) -> None:
        """Wait until it has so many sessions."""
        async with asyncio.timeout(60):
            while await self.sessions() != sessions:
                await asyncio.sleep(0.2)

    async def tools_up(self) -> None:
        """Wait until its MCP servers are up."""
        async with asyncio.timeout(60):
            while set(json.loads(await self.ask("/readyz"))["tools"].values()) != {"up"}:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def running(folder: Path, filled: Path, cores: set[int] | None = None) -> AsyncGenerator[ChatServer, None]:
    """A new server with a copy of a history, on these cores only; ended with the block."""
    folder.mkdir()
    shutil.copy(filled, folder / "history.db")
    (folder / "conf.yaml").write_text(CONF.format(python=sys.executable))
    command = Path(sys.executable).with_name("ai-chat")
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    process = await asyncio.create_subprocess_exec(
        command, cwd=folder, stdout=asyncio.subprocess.PIPE, preexec_fn=pin
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        server = ChatServer(psutil.Process(process.pid), int(re.findall(r":(\d+)/", line)[0]))
        await server.tools_up()
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def fill(path: Path, messages: int) -> list[str]:
    """Make a history with so many messages, and give the uids of its chats. The server's own migrations make it."""
    async with ChatHistory(HistorySettings(url=f"sqlite+aiosqlite:///{path}")):
        pass
    uids = [uuid.UUID(int=number).hex for number in range(max(1, messages // LATEST))]
    chosen = random.Random(0)
    now = time.time()
    rows = []
    for number in range(messages):
        text = " ".join(chosen.choices(WORDS, k=12)) + f" {number}"
        role, name = ("human", "You") if number % 2 == 0 else ("ai", "Echo")
        rows.append((uids[number * len(uids) // messages], role, name, text, now - messages + number, len(text.encode()), 0))
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO histories VALUES (?, 'default', ?, ?, ?, 0, 0, '', '', 0)",
            [(uid, f"chat {number}", now, now) for number, uid in enumerate(uids)],
        )
        connection.executemany(
            "INSERT INTO messages (history, role, name, text, time, bytes, interrupted) VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )
        connection.execute("""UPDATE histories SET (messages, bytes, last, last_role, updated) =
            (SELECT count(*), sum(bytes), text, role, max(time) FROM messages WHERE history = uid)""")
    connection.close()
    return uids
