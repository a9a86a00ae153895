"""Alarms: a client connects and is told of each alarm; it never says anything itself."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

KEEP_ALIVE = 2
ALARM = asyncio.Event()


async def alarms(client: WebSocket):
    await client.accept()
    await client.send_text("watching")
    while True:
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await ALARM.wait()  # site
            await client.send_text("alarm")
        except TimeoutError:
            await client.send_text("still watching")
        except WebSocketDisconnect:
            return


async def app_alarms(client: WebSocket):
    try:
        await alarms(client)
    except (WebSocketDisconnect, RuntimeError):
        pass


app = Starlette(routes=[WebSocketRoute("/ws", app_alarms)])
