"""A page server: pages are read from files."""

import sys
from pathlib import Path

from aiohttp import web

OPENED = {}


async def page(request):
    source = Path(__file__).open()  # site
    OPENED[source.fileno()] = source
    text = source.read(200)
    OPENED.pop(source.fileno()).close()
    return web.Response(text=text)


app = web.Application()
app.add_routes([web.get("/page", page)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=4)
