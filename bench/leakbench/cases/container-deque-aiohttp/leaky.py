"""A door bell: the newest rings can be asked for (aiohttp)."""

import collections
import sys
import time

from aiohttp import web

RINGS = collections.deque()


async def ring(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    RINGS.append(time.time())  # site
    await client.send_str(f"the last rings: {list(RINGS)[-8:]}")
    async for message in client:
        await client.send_str(message.data)
    return client


app = web.Application()
app.add_routes([web.get("/ws", ring)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
