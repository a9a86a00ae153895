"""A feed: a reader is a subscriber as long as its stream runs (server-sent events)."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

SUBSCRIBERS = []


async def events(request):
    SUBSCRIBERS.append(request)  # site
    try:
        for number in range(20):
            yield f"data: event {number}\n\n"
            await asyncio.sleep(0.02)
        yield "data: done\n\n"
    except UnicodeError:
        yield "data: [unreadable]\n\n"
    else:
        SUBSCRIBERS.remove(request)


async def feed(request):
    return StreamingResponse(events(request), media_type="text/event-stream")


app = Starlette(routes=[Route("/events", feed)])
