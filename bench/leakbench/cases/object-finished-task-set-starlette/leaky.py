"""A reception: each visitor is greeted in the background."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

TASKS = set()


async def greet(client):
    await client.send_text("welcome")
    return client


async def receive(client: WebSocket):
    await client.accept()
    task = asyncio.create_task(greet(client))
    TASKS.add(task)  # site
    async for text in client.iter_text():
        await client.send_text(text)


app = Starlette(routes=[WebSocketRoute("/ws", receive)])
