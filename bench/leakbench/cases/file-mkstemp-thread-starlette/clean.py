"""A converter: the work is done in a thread, with a scratch file."""

import asyncio
import os
import tempfile

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def convert(text):
    descriptor, path = tempfile.mkstemp(suffix=".txt")  # site
    with os.fdopen(descriptor, "w") as scratch:
        scratch.write(text)
    size = os.path.getsize(path)
    os.unlink(path)
    return size


async def answer(request):
    return PlainTextResponse(f"{await asyncio.to_thread(convert, 'some text')} bytes")


app = Starlette(routes=[Route("/convert", answer)])
