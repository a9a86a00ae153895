"""A login server: a session expires after an hour, and at once when its client leaves."""

import asyncio
import sys

from aiohttp import web


def expire(sessions, name):
    sessions.pop(name, None)


async def session(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    loop = asyncio.get_running_loop()
    sessions = request.app["sessions"]
    sessions[id(client)] = loop.time()
    expiry = loop.call_at(loop.time() + 3600, expire, sessions, id(client))  # site
    try:
        await client.send_str("you are in")
        async for message in client:
            await client.send_str(message.data)
    finally:
        expire(sessions, id(client))
        expiry.cancel()
    return client


app = web.Application()
app["sessions"] = {}
app.add_routes([web.get("/ws", session)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
