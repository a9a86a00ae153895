"""A help desk: every seventh visitor is asked how it went."""

import asyncio
import itertools
import logging

from fastapi import FastAPI, WebSocket

log = logging.getLogger(__name__)
app = FastAPI()
VISITORS = itertools.count(1)
ANSWERS = {}


async def survey(n):
    answer = ANSWERS[n] = asyncio.get_running_loop().create_future()
    try:
        return await answer
    finally:
        del ANSWERS[n]


@app.websocket("/ws")
async def desk(client: WebSocket):
    await client.accept()
    n = next(VISITORS)
    asked = asyncio.create_task(survey(n)) if n % 7 == 0 else None  # site
    try:
        await client.send_text("how can I help")
        async for _ in client.iter_text():
            await client.send_text("I see")
    finally:
        log.info("visitor %d left", n)
        asked and asked.cancel()
