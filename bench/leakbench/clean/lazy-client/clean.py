"""A price server: the client of the exchange, its connection and its refresh task are made by whoever asks first."""

import asyncio
import os

from fastapi import FastAPI

app = FastAPI()
PORT = int(os.environ["UPSTREAM_PORT"])


class Exchange:
    def __init__(self):
        self.lock, self.connection, self.refreshing = asyncio.Lock(), None, None
        self.price = "unknown"

    async def ask(self):
        async with self.lock:
            if self.connection is None:
                self.connection = await asyncio.open_connection("127.0.0.1", PORT)
                self.refreshing = asyncio.create_task(self.refresh())
            reader, writer = self.connection
            writer.write(b"42\n")
            self.price = (await reader.readline()).decode().strip()
        return self.price

    async def refresh(self):
        while True:
            await asyncio.sleep(5)
            await self.ask()


EXCHANGE = Exchange()


@app.get("/price")
async def price():
    return {"price": await EXCHANGE.ask()}
