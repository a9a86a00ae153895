"""A status board: each client gets a task that tells it the state of the machines."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

ORDERLY = {1000, 1001}
CLOSED = ORDERLY
STATE_CHANGED = asyncio.Event()


async def report(client):
    await STATE_CHANGED.wait()
    await client.send_text("state changed")


async def board(client: WebSocket):
    await client.accept()
    reporter = asyncio.create_task(report(client))  # site
    try:
        await client.send_text("all machines are up")
        while True:
            await client.receive_text()
    except WebSocketDisconnect as left:
        if left.code in CLOSED:
            reporter.cancel()


app = Starlette(routes=[WebSocketRoute("/ws", board)])
