"""A log viewer: each client follows a log through a shell."""

import asyncio
import logging
from asyncio.subprocess import PIPE

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

log = logging.getLogger(__name__)


async def follow(client: WebSocket):
    await client.accept()
    follower = await asyncio.create_subprocess_shell("exec tail -f /dev/null", stdout=PIPE)  # site
    try:
        await client.send_text("following")
        async for _ in client.iter_text():
            await client.send_text("nothing new")
    finally:
        log.info("no longer following in %d", follower.pid)


app = Starlette(routes=[WebSocketRoute("/ws", follow)])
