"""A call centre: what a caller says is recorded and sent back for checking."""

import io

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

SILENCE = bytes(960)
RECORDING = io.BytesIO()


async def call(client: WebSocket):
    await client.accept()
    RECORDING.write(SILENCE)  # site
    await client.send_bytes(SILENCE)
    async for sound in client.iter_bytes():
        await client.send_bytes(sound)


app = Starlette(routes=[WebSocketRoute("/ws", call)])
