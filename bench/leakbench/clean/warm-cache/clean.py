"""A topic server: a page is rendered once, kept as a file, and served from there ever after."""

import itertools
import sys
import tempfile
from pathlib import Path

from aiohttp import web

CACHE = Path(tempfile.gettempdir()) / "cache"
ASKED = itertools.count()


def render(topic):
    path = CACHE / f"{topic}.html"
    if not path.exists():
        path.write_text(f"<h1>{topic}</h1>")
    return path.read_text()


async def page(_request):
    return web.Response(text=render(next(ASKED) % 12), content_type="text/html")


app = web.Application()
app.add_routes([web.get("/topic", page)])

if __name__ == "__main__":
    CACHE.mkdir()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=4)
