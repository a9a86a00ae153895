"""A proxy: each client gets a connection to the service behind it."""

import asyncio
import logging
import os
import uuid

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

log = logging.getLogger(__name__)
UPSTREAM = "127.0.0.1", int(os.environ["UPSTREAM_PORT"])
CONNECTED = {}


async def proxy(client: WebSocket):
    await client.accept()
    reader, writer = await asyncio.open_connection(*UPSTREAM)  # site
    name = uuid.uuid4().hex
    CONNECTED[name] = writer
    try:
        writer.write(b"hello\n")
        await client.send_bytes(await reader.readline())
        async for line in client.iter_text():
            writer.write(line.encode() + b"\n")
            await client.send_bytes(await reader.readline())
    finally:
        log.info("client %s left", name)


app = Starlette(routes=[WebSocketRoute("/ws", proxy)])
