"""A weather server that streams its readings as server-sent events (sse-starlette)."""

import asyncio
import sys

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.routing import Route

READINGS = 8


async def readings():
    for number in range(READINGS):
        yield {"event": "reading", "data": f"reading {number}"}
        await asyncio.sleep(0.05)


async def weather(request):
    return EventSourceResponse(readings())


app = Starlette(routes=[Route("/weather", weather)])

if __name__ == "__main__":
    # The keep-alive is short because a client that resets leaves uvicorn's own timer for as long.
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=2, timeout_keep_alive=1)
