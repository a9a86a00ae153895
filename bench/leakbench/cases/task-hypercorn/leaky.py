"""A game lobby: each player gets a task that tells it the score; silence for 6 s means that it is gone."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SCORED = asyncio.Event()


async def tell_score(player):
    while True:
        await SCORED.wait()
        await player.send_text("a point")


async def play(player: WebSocket):
    await player.accept()
    score = asyncio.create_task(tell_score(player))  # site
    try:
        await player.send_text("ready")
        while True:
            async with asyncio.timeout(6):
                await player.receive_text()
            await player.send_text("moved")
    except TimeoutError:
        await player.close(1001)
    except WebSocketDisconnect:
        pass
    finally:
        SCORED.clear()


app = Starlette(routes=[WebSocketRoute("/ws", play)])
