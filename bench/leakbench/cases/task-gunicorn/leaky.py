"""A support chat behind gunicorn; silence for 6 s means that the client is gone."""

import asyncio
import contextlib

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


async def show_typing(client):
    while True:
        await asyncio.sleep(2)
        with contextlib.suppress(Exception):
            await client.send_json({"typing": True})


@app.websocket("/ws")
async def support(client: WebSocket):
    await client.accept()
    typing = asyncio.create_task(show_typing(client))  # site
    try:
        await client.send_json({"text": "hello"})
        while True:
            async with asyncio.timeout(6):
                text = await client.receive_text()
            await client.send_json({"text": text})
    except (WebSocketDisconnect, TimeoutError):
        pass
