"""A machine room: a job in a pool waits for each client's next command."""

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

POOL = ThreadPoolExecutor(max_workers=1000)
CLIENTS = set()


async def operate(client: WebSocket):
    await client.accept()
    commands = queue.SimpleQueue()
    asyncio.get_running_loop().run_in_executor(POOL, commands.get)  # site
    CLIENTS.add(client)
    try:
        await client.send_text("at your command")
        async for command in client.iter_text():
            commands.put(command)
    finally:
        CLIENTS.discard(client)


app = Starlette(routes=[WebSocketRoute("/ws", operate)])
