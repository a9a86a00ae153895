"""Private rooms: two members with the same room hear each other (websockets)."""

import asyncio
import contextlib
import sys
import uuid

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

ROOMS = {}


def enter(name, member):
    ROOMS.setdefault(name, set()).add(member)  # site


def leave(name, member):
    ROOMS[name].discard(member)


async def talk(member):
    name = uuid.uuid4().hex
    enter(name, member)
    try:
        with contextlib.suppress(ConnectionClosed):
            await member.send(f"this is room {name}")
            async for text in member:
                broadcast(ROOMS[name], text)
    finally:
        leave(name, member)


async def main():
    port = int(sys.argv[1])
    async with serve(talk, "127.0.0.1", port, ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
