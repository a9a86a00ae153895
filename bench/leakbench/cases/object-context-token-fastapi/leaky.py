"""A server that knows whose turn it is wherever it is asked."""

import contextvars
import uuid

from fastapi import FastAPI, WebSocket

app = FastAPI()
CURRENT = contextvars.ContextVar("client")
TOKENS = {}


def reset(name):
    CURRENT.reset(TOKENS.pop(name))


@app.websocket("/ws")
async def talk(client: WebSocket):
    await client.accept()
    name = uuid.uuid4().hex
    TOKENS[name] = CURRENT.set(client)  # site
    try:
        await CURRENT.get().send_text("your turn")
        async for text in client.iter_text():
            await CURRENT.get().send_text(text)
    finally:
        del name
