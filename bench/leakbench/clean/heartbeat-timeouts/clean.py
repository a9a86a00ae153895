"""A notifier with a heartbeat of its own: a timer pings, a deadline closes, and a send takes two seconds at most."""

import asyncio
import contextlib
import sys

from aiohttp import WSMsgType, web


class Heartbeat:
    def __init__(self, client):
        self.client, self.loop, self.pings = client, asyncio.get_running_loop(), set()
        self.seen()
        self.timer = self.loop.call_later(1, self.beat)

    def seen(self):
        self.last = self.loop.time()

    def beat(self):
        if self.loop.time() - self.last > 4:
            self.run(self.client.close())
        else:
            self.run(self.client.ping())
            self.timer = self.loop.call_later(1, self.beat)

    def run(self, step):
        task = self.loop.create_task(quietly(step))
        self.pings.add(task)
        task.add_done_callback(self.pings.discard)

    def stop(self):
        self.timer.cancel()


async def quietly(step):
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(2):
            await step


async def notify(request):
    client = web.WebSocketResponse(autoping=False, timeout=2)
    await client.prepare(request)
    heartbeat = Heartbeat(client)
    try:
        async with asyncio.timeout(2):
            await client.send_str("subscribed")
        async for message in client:
            heartbeat.seen()
            if message.type is WSMsgType.PING:
                await client.pong(message.data)
    finally:
        heartbeat.stop()
    return client


app = web.Application()
app.add_routes([web.get("/ws", notify)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
