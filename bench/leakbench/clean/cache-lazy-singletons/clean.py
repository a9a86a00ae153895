"""A house: each visitor needs one of nine services, which is made at its first use (hypercorn)."""

import asyncio
import itertools

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

VISITS = itertools.count()
SERVICES = {}


class Service:
    def __init__(self, name):
        self.name = name
        self.table = {number: str(number) for number in range(200)}

    @classmethod
    def get(cls, name):
        if name not in SERVICES:
            SERVICES[name] = cls(name)
        return SERVICES[name]


async def visit(client: WebSocket):
    await client.accept()
    service = Service.get(f"service {next(VISITS) % 9}")
    try:
        await client.send_text(service.name)
        while True:
            async with asyncio.timeout(6):
                await client.send_text(service.table.get(len(await client.receive_text()), "?"))
    except TimeoutError:
        await client.close(1001)
    except WebSocketDisconnect:
        pass


app = Starlette(routes=[WebSocketRoute("/ws", visit)])
