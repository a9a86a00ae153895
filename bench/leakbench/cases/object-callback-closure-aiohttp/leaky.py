"""A thermometer: a client hears each temperature (aiohttp)."""

import sys

from aiohttp import web

CALLBACKS = []


def measured(temperature):
    for callback in list(CALLBACKS):
        callback(temperature)


async def watch(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    heard = []

    def remember(temperature):
        heard.append((client.closed, temperature))

    CALLBACKS.append(remember)  # site
    try:
        await client.send_str("watching")
        async for message in client:
            await client.send_str(f"{message.data}: {heard[-1:]}")
    finally:
        heard.clear()
    return client


app = web.Application()
app.add_routes([web.get("/ws", watch)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
