"""A drawing board: what was drawn is written down when the client leaves, or when the server ends."""

import atexit

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


class Board:
    def __init__(self, client):
        self.client = client
        self.strokes = []
        atexit.register(self.flush)  # site

    def flush(self):
        self.strokes.clear()

    def close(self):
        self.flush()
        atexit.unregister(self.flush)


async def draw(client: WebSocket):
    await client.accept()
    board = Board(client)
    try:
        await client.send_text("an empty board")
        async for stroke in client.iter_text():
            board.strokes.append(stroke)
    finally:
        board.close()


app = Starlette(routes=[WebSocketRoute("/ws", draw)])
