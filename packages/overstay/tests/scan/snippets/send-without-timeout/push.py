import asyncio


async def bad_push(websocket, measure):
    while True:
        await websocket.send_json(measure())  # bad
        await asyncio.sleep(1)


async def bad_ws(ws, queue):
    while True:
        await ws.send_str(await queue.get())  # bad


class BadMonitor:
    async def run(self):
        while 1:
            await self.websocket.send_text("tick")  # bad
