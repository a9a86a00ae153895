"""A consultation: a session has a record, which is billed when it ends."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SESSIONS = []
BILLED = [0]


def bill(record):
    BILLED[0] += record["turns"]
    SESSIONS[:] = [one for one in SESSIONS if one is not record]


async def consult(client: WebSocket):
    await client.accept()
    record = {"turns": 0, "notes": "-" * 900, "client": client.client.host}
    SESSIONS.append(record)  # site
    try:
        await client.send_text("how can I help")
        while True:
            async with asyncio.timeout(6):
                await client.receive_text()
            record["turns"] += 1
    except (TimeoutError, WebSocketDisconnect):
        pass
    finally:
        bill(record)


app = Starlette(routes=[WebSocketRoute("/ws", consult)])
