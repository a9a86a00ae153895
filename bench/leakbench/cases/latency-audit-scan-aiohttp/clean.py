"""A login server: a login is written to the audit log and compared with those before it."""

import hashlib
import sys

from aiohttp import web

KEPT = 500
AUDIT = []


def is_new(user):
    del AUDIT[:-KEPT]
    known = {hashlib.sha256(line).hexdigest() for line in AUDIT}  # site
    return hashlib.sha256(user).hexdigest() not in known


async def login(request):
    client = web.WebSocketResponse(heartbeat=3)
    AUDIT.extend(b"%d was here" % n for n in range(3000))
    new = is_new(b"somebody")
    await client.prepare(request)
    await client.send_str("welcome" if new else "welcome back")
    async for message in client:
        await client.send_str(message.data)
    return client


app = web.Application()
app.add_routes([web.get("/ws", login)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
