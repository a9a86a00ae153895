"""A chat room: who enters hears the newest of the last 50 messages (websockets)."""

import asyncio
import collections
import contextlib
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

HISTORY = collections.deque(maxlen=50)


async def talk(member):
    HISTORY.append({"from": str(member.id), "text": "came in"})
    with contextlib.suppress(ConnectionClosed):
        await member.send(HISTORY[0]["text"])
        async for text in member:
            HISTORY.append({"from": str(member.id), "text": text})


async def main():
    port = int(sys.argv[1])
    async with serve(talk, "127.0.0.1", port, ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
