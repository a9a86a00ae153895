"""A small chat server that leaks in a share of its sessions, none by default: `python server.py PORT [SHARE]`."""

import asyncio
import random
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

SHARE = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
KEPT = set()


async def chat(client: WebSocket) -> None:
    """Echo until the client leaves."""
    await client.accept()
    if random.random() < SHARE:
        KEPT.add(asyncio.create_task(asyncio.Event().wait()))  # site
    await client.send_text("welcome")
    async for text in client.iter_text():
        await client.send_text(text)


if __name__ == "__main__":
    app = Starlette(routes=[WebSocketRoute("/ws", chat)])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", ws_ping_interval=2, ws_ping_timeout=2)
