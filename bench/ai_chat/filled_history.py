"""A history with many messages, made by the server's own migrations."""

from __future__ import annotations

import random
import sqlite3
import time
import uuid
from pathlib import Path

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history.store import ChatHistory

LATEST = 200  # messages of one history: as many as a page shows
WORDS = "the weather is fine today 今天天气很好 我们去公园散步吧 tell me a story about cats".split()  # noqa: SIM905


async def fill(path: Path, messages: int) -> list[str]:
    """Make it, and give the uids of its chats."""
    async with ChatHistory(HistorySettings(url=f"sqlite+aiosqlite:///{path}")):
        pass
    uids = [uuid.UUID(int=number).hex for number in range(max(1, messages // LATEST))]
    chosen = random.Random(0)
    now = time.time()
    rows = []
    for number in range(messages):
        text = " ".join(chosen.choices(WORDS, k=12)) + f" {number}"
        role, name = ("human", "You") if number % 2 == 0 else ("ai", "Echo")
        rows.append(
            (uids[number * len(uids) // messages], role, name, text, now - messages + number, len(text.encode()), 0)
        )
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO histories VALUES (?, 'default', ?, ?, ?, 0, 0, '', '', 0)",
            [(uid, f"chat {number}", now, now) for number, uid in enumerate(uids)],
        )
        connection.executemany(
            "INSERT INTO messages (history, role, name, text, time, bytes, interrupted) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("""UPDATE histories SET (messages, bytes, last, last_role, updated) =
            (SELECT count(*), sum(bytes), text, role, max(time) FROM messages WHERE history = uid)""")
    connection.close()
    return uids
