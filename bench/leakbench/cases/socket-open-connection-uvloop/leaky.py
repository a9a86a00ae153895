"""A gateway: requests of a client go through its own upstream connection."""

import asyncio
import contextlib
import os

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
PORT = int(os.environ["UPSTREAM_PORT"])


class Upstream:
    every = set()

    @classmethod
    async def open(cls):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", PORT)  # site
        cls.every.add(self)
        return self

    async def ask(self, text):
        self.writer.write(text.encode() + b"\n")
        return (await self.reader.readline()).decode()

    async def aclose(self):
        self.every.discard(self)
        self.writer.close()


@app.websocket("/ws")
async def gateway(client: WebSocket):
    await client.accept()
    upstream = await Upstream.open()
    with contextlib.suppress(WebSocketDisconnect):
        await client.send_text(await upstream.ask("hello"))
        while True:
            await client.send_text(await upstream.ask(await client.receive_text()))
