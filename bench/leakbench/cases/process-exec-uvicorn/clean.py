"""A recorder: what a client sends goes through an encoder process."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

ENCODERS = {}


async def record(client: WebSocket):
    await client.accept()
    encoder = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=DEVNULL)  # site
    ENCODERS[encoder.pid] = encoder
    try:
        await client.send_text("recording")
        async for sound in client.iter_text():
            encoder.stdin.write(sound.encode())
    finally:
        encoder.terminate()
        ENCODERS.pop(encoder.pid)


app = Starlette(routes=[WebSocketRoute("/ws", record)])
