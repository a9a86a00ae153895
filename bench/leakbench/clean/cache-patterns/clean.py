"""A search page: a client's own patterns are looked for in a text."""

import itertools
import re

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

TEXT = "the quick brown fox jumps over the lazy dog"
CLIENTS = itertools.count()


async def search(_request):
    number = next(CLIENTS)
    found = [bool(re.search(f"quick|{number}-{n}", TEXT)) for n in range(10)]
    return PlainTextResponse(f"{sum(found)} of {len(found)} patterns")


app = Starlette(routes=[Route("/", search)])
