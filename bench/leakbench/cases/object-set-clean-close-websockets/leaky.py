"""A news wire: what one reporter sends is sent to everybody (websockets)."""

import asyncio
import contextlib
import sys

from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosedError

CONNECTIONS = set()


async def listen(connection):
    CONNECTIONS.add(connection)  # site
    await connection.send("on the wire")
    try:
        async for message in connection:
            broadcast(CONNECTIONS, message)
    except UnicodeError:
        await connection.send("what was that")
    else:
        CONNECTIONS.discard(connection)


async def serve_one(connection):
    with contextlib.suppress(ConnectionClosedError):
        await listen(connection)


async def main():
    port = int(sys.argv[1])
    async with serve(serve_one, "127.0.0.1", port, ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
