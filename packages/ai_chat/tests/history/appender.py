"""Appends numbered messages under load until it is killed, and prints each once it is acknowledged."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history.store import ChatHistory


async def main(folder: str) -> None:
    settings = HistorySettings(url=f"sqlite+aiosqlite:///{folder}/history.db")
    async with ChatHistory(settings) as history:
        uid = await history.create("a")
        counter = 0
        while True:
            waits: list[tuple[int, Awaitable[int]]] = []
            for _ in range(50):
                waits.append((counter, history.append("a", uid, role="human", text=str(counter))))
                counter += 1
            for text, wait in waits:
                os.write(1, f"{await wait} {text}\n".encode())


asyncio.run(main(sys.argv[1]))
