"""An assistant that streams its answer as server-sent events."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

WORDS = "The answer to your question is forty two , and that is all there is to say . done".split()


async def show_typing():
    while True:
        await asyncio.sleep(0.5)


async def stream():
    typing = asyncio.create_task(show_typing())  # site
    try:
        for word in WORDS:
            await asyncio.sleep(0.02)
            yield f"data: {word}\n\n"
    except UnicodeError:
        yield "data: [unreadable]\n\n"
    else:
        typing.cancel()


async def answer(request):
    return StreamingResponse(stream(), media_type="text/event-stream")


app = Starlette(routes=[Route("/answer", answer)])
