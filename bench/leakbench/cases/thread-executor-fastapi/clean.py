"""A speech server: each client has its own worker, so that its sentences stay in order."""

import asyncio
import contextlib
import uuid
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, WebSocket

app = FastAPI()
WORKERS = {}


def synthesize(text):
    return text.encode()


@app.websocket("/ws")
async def speak(client: WebSocket):
    await client.accept()
    name = uuid.uuid4().hex
    worker = WORKERS[name] = ThreadPoolExecutor(max_workers=1)  # site
    loop = asyncio.get_running_loop()
    try:
        await client.send_bytes(await loop.run_in_executor(worker, synthesize, "hello"))  # site
        async for text in client.iter_text():
            await client.send_bytes(await loop.run_in_executor(worker, synthesize, text))
    finally:
        with contextlib.suppress(RuntimeError):
            await client.close()
        WORKERS.pop(name).shutdown(wait=False)
