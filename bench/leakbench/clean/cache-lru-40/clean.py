"""A dashboard: what a client saw last is kept for the 40 clients that came last."""

import collections

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

CACHE = collections.OrderedDict()


def page(address):
    if address in CACHE:
        CACHE.move_to_end(address)
        return CACHE[address]
    CACHE[address] = {"address": address, "rows": list(range(20))}
    if len(CACHE) > 40:
        CACHE.popitem(last=False)
    return CACHE[address]


async def show(client: WebSocket):
    await client.accept()
    await client.send_json(page(f"{client.client.host}:{client.client.port}"))
    async for text in client.iter_text():
        await client.send_text(text)


app = Starlette(routes=[WebSocketRoute("/ws", show)])
