"""A ticker: a client subscribes and hears each price; the feed is one for all."""

import asyncio
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


class Feed:
    def __init__(self):
        self.inboxes = set()

    def open(self):
        inbox = asyncio.Queue()
        self.inboxes.add(inbox)
        return inbox

    def close(self, inbox):
        self.inboxes.discard(inbox)
        inbox.put_nowait(None)


FEED = Feed()


async def read(client):
    while True:
        await client.send(f"you said {await client.recv()}")


async def write(client, inbox):
    while (price := await inbox.get()) is not None:
        await client.send(price)


async def subscribe(client):
    inbox = FEED.open()
    try:
        await client.send("subscribed")
        await asyncio.gather(read(client), write(client, inbox))  # site
    except ConnectionClosed:
        pass
    finally:
        FEED.close(inbox)
        await client.close()


async def main():
    async with serve(subscribe, "127.0.0.1", int(sys.argv[1]), ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
