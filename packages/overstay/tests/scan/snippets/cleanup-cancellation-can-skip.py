import asyncio

from starlette.websockets import WebSocket


async def bad_after_receive(websocket: WebSocket, make):
    context = await make()
    await websocket.receive_text()
    await context.close()  # bad


async def bad_after_loop(websocket: WebSocket, opened):
    tools = opened()
    async for message in websocket.iter_text():
        print(message)
    await tools.aclose()  # bad


async def bad_lock(lock_of):
    lock = lock_of("client")
    await asyncio.sleep(1)
    lock.release()  # bad


async def bad_process(websocket):
    process = await asyncio.create_subprocess_exec("ffmpeg")
    data = await websocket.receive_bytes()
    process.stdin.write(data)
    process.kill()  # bad


async def bad_second_in_finally(websocket: WebSocket, context, contexts):
    try:
        await websocket.receive_text()
    finally:
        await context.close()
        contexts.pop(websocket)  # bad


async def bad_two_closes(websocket: WebSocket, agent, tools):
    try:
        await websocket.receive_text()
    finally:
        await agent.close()
        await tools.aclose()  # bad


async def good_finally(websocket: WebSocket, make):
    context = await make()
    try:
        await websocket.receive_text()
    finally:
        await context.close()


async def good_with(websocket: WebSocket, make):
    async with make() as context:
        await websocket.receive_text()
        print(context)


async def good_no_wait(opened):
    file = opened()
    file.write(b"x")
    file.close()


async def good_nested_finally(websocket: WebSocket, agent, tools):
    try:
        await websocket.receive_text()
    finally:
        try:
            await agent.close()
        finally:
            await tools.aclose()


async def good_order(websocket: WebSocket, context, contexts):
    try:
        await websocket.receive_text()
    finally:
        contexts.pop(websocket)
        await context.close()


async def good_gathered(websocket: WebSocket, agent, tools):
    try:
        await websocket.receive_text()
    finally:
        await asyncio.gather(agent.close(), tools.aclose(), return_exceptions=True)


def good_plain_function(opened):
    file = opened()
    file.read()
    file.close()


async def good_task(work):
    task = asyncio.create_task(work())
    await asyncio.sleep(1)
    task.cancel()
