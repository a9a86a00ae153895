"""A notification server: every client is subscribed to one bus."""

import asyncio
import sys

from aiohttp import web

BUS = asyncio.Condition()


async def pump(client):
    while True:
        async with BUS:
            await BUS.wait()
        if not client.closed:
            await client.send_str("news")


async def notify(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    pumping = asyncio.ensure_future(pump(client))  # site
    try:
        await client.send_str("subscribed")
        async for _ in client:
            async with BUS:
                BUS.notify_all()
    finally:
        await client.close()
        pumping.cancel()
    return client


app = web.Application()
app.add_routes([web.get("/ws", notify)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
