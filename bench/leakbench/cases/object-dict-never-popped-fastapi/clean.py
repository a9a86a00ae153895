"""A presence server: who is connected can be asked for, by name."""

import uuid

from fastapi import FastAPI, WebSocket

app = FastAPI()
CLIENTS = {}


@app.get("/clients")
async def clients():
    return sorted(CLIENTS)


@app.websocket("/ws")
async def connect(client: WebSocket):
    await client.accept()
    name = uuid.uuid4().hex
    CLIENTS[name] = client  # site
    try:
        await client.send_text(f"you are {name}")
        async for text in client.iter_text():
            await client.send_text(text)
    finally:
        CLIENTS.pop(name, None)
