"""A switchboard: each caller goes to one of twelve departments, which have loggers of their own."""

import itertools
import logging

from fastapi import FastAPI, WebSocket

app = FastAPI()
CALLS = itertools.count()


@app.websocket("/ws")
async def call(client: WebSocket):
    await client.accept()
    log = logging.getLogger(f"department.{next(CALLS) % 12}")
    log.debug("a call from %s", client.client)
    await client.send_text(f"this is {log.name}")
    async for text in client.iter_text():
        log.debug("said %s", text)
        await client.send_text("I see")
