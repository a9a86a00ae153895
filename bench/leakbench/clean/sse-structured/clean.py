"""An assistant that streams its answer; whoever leaves ends the thinking and the typing."""

import asyncio
import contextlib

from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

WORDS = ["The", "answer", "is", "forty", "two", ",", "and", "that", "is", "all", "there", "is", ".", "done"]


async def think(words):
    for word in WORDS:
        await asyncio.sleep(0.03)
        await words.put(word)
    await words.put(None)


@contextlib.asynccontextmanager
async def running(step):
    task = asyncio.create_task(step)
    try:
        yield task
    finally:
        task.cancel()


async def stream():
    words = asyncio.Queue(maxsize=3)
    async with running(think(words)):
        while (word := await words.get()) is not None:
            yield f"data: {word}\n\n"


async def answer(_request):
    return StreamingResponse(stream(), media_type="text/event-stream")


app = Starlette(routes=[Route("/answer", answer)])
