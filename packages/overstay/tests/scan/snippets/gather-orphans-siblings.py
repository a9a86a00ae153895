import asyncio


async def read(websocket):
    while True:
        await websocket.recv()


async def write(websocket):
    async for message in websocket.messages():
        print(message)


async def once(): ...


async def bad_ignored(websocket):
    tasks = [asyncio.create_task(read(websocket)), asyncio.create_task(once())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # bad


async def bad_underscore(websocket):
    reading = asyncio.create_task(read(websocket))
    done, _ = await asyncio.wait({reading}, return_when=asyncio.FIRST_COMPLETED)  # bad
    return done


async def bad_pending_unused(websocket):
    done, pending = await asyncio.wait(  # bad
        [asyncio.create_task(read(websocket))], timeout=5
    )
    return done


async def bad_gather(websocket):
    await asyncio.gather(read(websocket), write(websocket))  # bad


async def bad_gathered_tasks(websocket):
    await asyncio.gather(asyncio.create_task(read(websocket)), asyncio.create_task(once()))  # bad


class BadHandler:
    async def serve(self, websocket):
        await asyncio.gather(self.listen(websocket), once())  # bad

    async def listen(self, websocket):
        while True:
            await websocket.recv()


async def good_cancelled(websocket):
    tasks = [asyncio.create_task(read(websocket)), asyncio.create_task(once())]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


async def good_all(tasks):
    await asyncio.wait(tasks)


async def good_given(tasks):
    done, _ = await asyncio.wait(tasks, timeout=1)
    return done


async def good_group(websocket):
    async with asyncio.TaskGroup() as group:
        group.create_task(read(websocket))
        group.create_task(write(websocket))


async def good_finite():
    await asyncio.gather(once(), once())


async def good_exceptions(websocket):
    await asyncio.gather(read(websocket), once(), return_exceptions=True)


async def good_finally(websocket):
    reading = asyncio.create_task(read(websocket))
    try:
        await asyncio.gather(reading, once())
    finally:
        reading.cancel()
