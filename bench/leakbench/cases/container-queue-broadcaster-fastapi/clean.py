"""A newsroom: a client has a queue, and the news are put into all queues."""

import asyncio

from fastapi import FastAPI, WebSocket

app = FastAPI()


class Broadcaster:
    def __init__(self):
        self.queues = set()

    def subscribe(self):
        queue = asyncio.Queue()
        self.queues.add(queue)  # site
        return queue

    def unsubscribe(self, queue):
        self.queues.discard(queue)

    def publish(self, news):
        for queue in self.queues:
            queue.put_nowait(news)


BROADCASTER = Broadcaster()


@app.post("/news/{news}")
async def publish(news):
    BROADCASTER.publish(news)


@app.websocket("/ws")
async def read(client: WebSocket):
    await client.accept()
    queue = BROADCASTER.subscribe()
    queue.put_nowait("no news yet")
    await client.send_text(queue.get_nowait())
    async for _ in client.iter_text():
        await client.send_text(await queue.get())
    BROADCASTER.unsubscribe(queue)
