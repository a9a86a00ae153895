"""A map server: the size of a tile depends on what the connection can do (aiohttp)."""

import functools
import sys

from aiohttp import web

SIZES = functools.partial(dict, plain=256, compressed=1024)


def tile_size(client):
    return SIZES()["compressed" if client.compress else "plain"]


async def tiles(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    await client.send_str(f"tiles of {tile_size(client)}")
    async for message in client:
        await client.send_str(f"{message.data}: {tile_size(client)}")
    return client


app = web.Application()
app.add_routes([web.get("/ws", tiles)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
