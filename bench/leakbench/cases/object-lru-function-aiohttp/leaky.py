"""A page in the visitor's language (aiohttp)."""

import functools
import sys

from aiohttp import web

GREETINGS = {"de": "Guten Tag", "en": "hello"}
LANGUAGES = functools.partial(sorted, GREETINGS)


@functools.lru_cache(maxsize=None)  # site
def language(request):
    told = request.headers.get("Accept-Language", "")
    return next((name for name in LANGUAGES() if name in told), "en")


async def page(request):
    return web.Response(text=GREETINGS[language(request)])


app = web.Application()
app.add_routes([web.get("/", page)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=2)
