"""An echo server."""

import asyncio
import sys

from websockets.asyncio.server import serve

HEARTBEAT = {"ping_interval": 2, "ping_timeout": 3, "close_timeout": 1}


async def echo(client):
    await client.send("hello")
    async for message in client:  # site
        await client.send(message)


async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), **HEARTBEAT) as server:
        await server.serve_forever()


asyncio.run(main())
