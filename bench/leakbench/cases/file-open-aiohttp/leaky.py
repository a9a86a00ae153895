"""A virus scanner: an upload is stored, scanned and deleted."""

import sys
import tempfile
import uuid
from pathlib import Path

from aiohttp import web

INBOX = Path(tempfile.gettempdir()) / "inbox"


def scan(path):
    return b"EICAR" not in path.read_bytes()


async def upload(request):
    path = INBOX / f"{uuid.uuid4().hex}.upload"
    with open(path, "wb") as file:  # site
        file.write(await request.read())
    clean = scan(path)
    return web.json_response({"clean": clean})


app = web.Application()
app.add_routes([web.post("/scan", upload)])

if __name__ == "__main__":
    INBOX.mkdir()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=4)
