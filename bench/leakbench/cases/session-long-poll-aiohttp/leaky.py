"""A long poll: the answer comes when there is a change."""

import asyncio
import sys

from aiohttp import web

PATIENCE = None
CHANGED = asyncio.Event()


async def changes(request):
    reply = web.StreamResponse()
    await reply.prepare(request)
    await reply.write(b"waiting\n")
    try:
        async with asyncio.timeout(PATIENCE):
            await CHANGED.wait()  # site
    except TimeoutError:
        return reply
    await reply.write(b"changed\n")
    return reply


app = web.Application()
app.add_routes([web.get("/changes", changes)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=4)
