"""A mailbox: each client gets a task that polls its mail."""

import asyncio
import logging

from fastapi import FastAPI, WebSocket

log = logging.getLogger(__name__)
app = FastAPI()


async def poll(unread):
    while unread >= 0:
        await asyncio.sleep(1)


@app.websocket("/ws")
async def mailbox(client: WebSocket):
    await client.accept()
    polling = asyncio.get_running_loop().create_task(poll(0), name="poll")  # site
    try:
        await client.send_text("no new mail")
        async for _ in client.iter_text():
            await client.send_text("no new mail")
    finally:
        log.info("a client left")
        polling.cancel()
