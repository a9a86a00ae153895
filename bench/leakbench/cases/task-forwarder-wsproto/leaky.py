"""Presence: each client is told every second who is here; a client that says nothing for 4 s is dropped."""

import asyncio
import contextlib
import json


async def tell_presence(send):
    while True:
        await asyncio.sleep(1)
        with contextlib.suppress(Exception):
            await send({"type": "websocket.send", "text": json.dumps({"here": len(HERE)})})


HERE = set()


async def listen(receive):
    while True:
        async with asyncio.timeout(4):
            message = await receive()
        if message["type"] == "websocket.disconnect":
            return


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    HERE.add(id(scope))
    presence = asyncio.ensure_future(tell_presence(send))  # site
    try:
        await send({"type": "websocket.send", "text": "hello"})
        await listen(receive)
    except TimeoutError:
        await send({"type": "websocket.close", "code": 1001})
    finally:
        HERE.discard(id(scope))
