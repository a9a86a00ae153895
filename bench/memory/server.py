"""A small chat server: `python server.py PORT LEAK` keeps a kilobyte or a connection of each session, or nothing.

Whatever LEAK is, its caches fill and stay as they are.
"""

import collections
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

LEAK = sys.argv[2]
ROWS, CLIENTS = [], {}
LAST, CACHE = collections.deque(maxlen=50), collections.OrderedDict()


def row() -> dict[str, str]:
    """Return an object of one kilobyte."""
    return {"text": "x" * 1000}


async def chat(client: WebSocket) -> None:
    """Echo until the client leaves."""
    await client.accept()
    LAST.append(row())
    CACHE[id(client) % 40] = row()
    if LEAK == "kilobyte":
        ROWS.append(row())  # kilobyte
    elif LEAK == "connection":
        CLIENTS[id(client)] = client  # connection
    await client.send_text("welcome")
    async for text in client.iter_text():
        await client.send_text(text)


if __name__ == "__main__":
    app = Starlette(routes=[WebSocketRoute("/ws", chat)])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", ws_ping_interval=2, ws_ping_timeout=2)
