"""A server whose clients are told when something goes wrong on its loop (aiohttp)."""

import asyncio
import functools
import sys

from aiohttp import web


def report(client, previous, loop, context):
    if not client.closed:
        loop.create_task(client.send_str(context["message"]))
    if previous:
        previous(loop, context)


async def watch(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    loop = asyncio.get_running_loop()
    previous = loop.get_exception_handler()
    loop.set_exception_handler(functools.partial(report, client, previous))  # site
    try:
        await client.send_str("all is well")
        async for message in client:
            await client.send_str(message.data)
    finally:
        await client.close()
    return client


app = web.Application()
app.add_routes([web.get("/ws", watch)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
