"""A gateway whose clients share a pool of upstream connections, which grows to eight and stays."""

import asyncio
import contextlib
import os

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
PORT = int(os.environ["UPSTREAM_PORT"])


class Pool:
    def __init__(self, most):
        self.idle, self.made, self.most = asyncio.LifoQueue(), 0, most

    async def take(self):
        if self.idle.empty() and self.made < self.most:
            self.made += 1
            return await asyncio.open_connection("127.0.0.1", PORT)
        return await self.idle.get()

    @contextlib.asynccontextmanager
    async def connection(self):
        connection = await self.take()
        try:
            yield connection
        finally:
            self.idle.put_nowait(connection)


POOL = Pool(most=8)


async def ask(text):
    async with POOL.connection() as (reader, writer):
        writer.write(text.encode() + b"\n")
        await asyncio.sleep(0.05)
        return (await reader.readline()).decode()


@app.websocket("/ws")
async def gateway(client: WebSocket):
    await client.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await client.send_text(await ask("hello"))
        while True:
            await client.send_text(await ask(await client.receive_text()))
