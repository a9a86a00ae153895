"""A dashboard: each client has a heartbeat that the loop calls every second."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

CLIENTS = set()


class Heartbeat:
    def __init__(self):
        self.beats = 0
        self.beat()

    def beat(self):
        self.beats += 1
        self.handle = asyncio.get_running_loop().call_later(1, self.beat)  # site

    def stop(self):
        self.handle.cancel()


async def dashboard(client: WebSocket):
    await client.accept()
    CLIENTS.add(client)
    heartbeat = Heartbeat()
    try:
        await client.send_text("all is well")
        async for _ in client.iter_text():
            await client.send_json({"beats": heartbeat.beats})
    finally:
        CLIENTS.discard(client)
        heartbeat.stop()


app = Starlette(routes=[WebSocketRoute("/ws", dashboard)])
