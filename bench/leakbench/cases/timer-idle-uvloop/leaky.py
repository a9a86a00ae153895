"""A form server: after ten idle minutes the draft is saved."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

DRAFTS = {}


class Idle:
    def __init__(self, draft):
        self.draft = draft
        self.timer = None

    def touch(self):
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(600, DRAFTS.__setitem__, id(self), self.draft)  # site

    def stop(self):
        if self.timer:
            self.timer.cancel()


async def form(client: WebSocket):
    await client.accept()
    idle = Idle(draft={})
    idle.touch()
    try:
        await client.send_text("go on")
        async for _ in client.iter_text():
            idle.touch()
            await client.send_text("noted")
    finally:
        idle.stop()


app = Starlette(routes=[WebSocketRoute("/ws", form)])
