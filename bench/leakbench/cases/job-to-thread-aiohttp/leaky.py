"""A camera server: frames are read in the default executor until the client leaves."""

import asyncio
import queue
import sys
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web


class Camera:
    def __init__(self):
        self.frames = queue.SimpleQueue()

    def read(self):
        return self.frames.get()

    def close(self):
        self.frames.put(None)


async def push_frames(client, camera):
    while frame := await asyncio.to_thread(camera.read):  # site
        await client.send_bytes(frame)


async def watch(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    camera = Camera()
    pushing = asyncio.create_task(push_frames(client, camera))
    try:
        await client.send_str("the camera is on")
        async for _ in client:
            pass
    finally:
        pushing.cancel()
    return client


async def with_room_for_all(app):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1000))
    yield


app = web.Application()
app.cleanup_ctx.append(with_room_for_all)
app.add_routes([web.get("/ws", watch)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
