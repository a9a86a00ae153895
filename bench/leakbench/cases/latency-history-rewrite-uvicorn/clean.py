"""A chat with history: every turn, with the pieces it was streamed in, is kept in one JSON file."""

import json
import tempfile
from collections import deque
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

FILE = Path(tempfile.gettempdir()) / "history.json"
HISTORY = deque(maxlen=400)


def save():
    with FILE.open("w") as file:
        json.dump(list(HISTORY), file)  # site


async def chat(client: WebSocket):
    await client.accept()
    HISTORY.extend({"role": "ai", "piece": n, "text": "a word or two"} for n in range(400))
    save()
    await client.send_text("where were we")
    async for text in client.iter_text():
        await client.send_text(text)


app = Starlette(routes=[WebSocketRoute("/ws", chat)])
