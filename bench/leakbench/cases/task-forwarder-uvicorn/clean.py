"""A chat room: what one member says, every member hears."""

import asyncio
import contextlib

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


class Room:
    def __init__(self):
        self.waiting = []

    def say(self, line):
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(line)

    async def next_line(self):
        future = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return await future


ROOM = Room()


async def forward(member):
    while True:
        line = await ROOM.next_line()
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await member.send_text(line)


async def talk(member: WebSocket):
    await member.accept()
    forwarder = asyncio.create_task(forward(member))  # site
    ROOM.say("somebody came in")
    try:
        await member.send_text("welcome")
        async for line in member.iter_text():
            ROOM.say(line)
    finally:
        ROOM.say("somebody left")
        forwarder.cancel()


app = Starlette(routes=[WebSocketRoute("/ws", talk)])
