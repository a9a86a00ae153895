"""A page with a rate limit: requests are counted by client."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

COUNTS = {}


async def page(request):
    key = request.client.host
    COUNTS[key] = COUNTS.get(key, 0) + 1  # site
    if COUNTS[key] > 1_000_000:
        return PlainTextResponse("too many requests", status_code=429)
    return PlainTextResponse("a page")


app = Starlette(routes=[Route("/", page)])
