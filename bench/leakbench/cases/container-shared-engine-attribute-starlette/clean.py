"""A speech server: the engine collects the pieces of a sentence."""

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


class Engine:
    def __init__(self):
        self.pieces = []

    def hear(self, piece):
        self.pieces.append(piece)  # site

    def reset(self):
        self.pieces.clear()


ENGINE = Engine()


async def speak(client: WebSocket):
    await client.accept()
    try:
        for word in ("good", "morning", "everyone"):
            ENGINE.hear(word.encode())
        await client.send_bytes(b" ".join(ENGINE.pieces[-3:]))
        async for text in client.iter_text():
            ENGINE.hear(text.encode())
    finally:
        ENGINE.reset()


async def idle():
    return None


app = Starlette(routes=[WebSocketRoute("/ws", speak)])
app.state.idle = idle
