"""A chat that counts its clients: what exports the counts starts with the server, not with a client."""

import asyncio
import contextlib
import queue
import threading

from fastapi import FastAPI, WebSocket

SPANS = queue.SimpleQueue()


def export():
    while SPANS.get() is not None:
        pass


async def measure(app):
    while True:
        SPANS.put(app.state.clients)
        await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.clients = 0
    threading.Thread(target=export, daemon=True).start()
    measuring = asyncio.create_task(measure(app))
    yield
    measuring.cancel()
    SPANS.put(None)


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws")
async def chat(client: WebSocket):
    await client.accept()
    client.app.state.clients += 1
    SPANS.put("connected")
    try:
        await client.send_text("hello")
        async for text in client.iter_text():
            SPANS.put("message")
            await client.send_text(text)
    finally:
        client.app.state.clients -= 1
        SPANS.put("left")
