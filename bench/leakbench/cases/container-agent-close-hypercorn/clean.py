"""An assistant on hypercorn: one agent keeps the history of each session apart."""

import asyncio
import uuid

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


class Agent:
    def __init__(self):
        self.histories = {}
        self.closed = 0

    def add(self, session, text):
        self.histories.setdefault(session, []).append(text)  # site
        return f"that was {len(self.histories[session])}"

    def close(self, session):
        self.closed += 1
        self.histories.pop(session, None)


AGENT = Agent()


async def chat(client: WebSocket):
    await client.accept()
    session = uuid.uuid4().hex
    try:
        await client.send_text(AGENT.add(session, "hello"))
        while True:
            async with asyncio.timeout(6):
                text = await client.receive_text()
            await client.send_text(AGENT.add(session, text))
    except (TimeoutError, WebSocketDisconnect):
        pass
    finally:
        AGENT.close(session)


app = Starlette(routes=[WebSocketRoute("/ws", chat)])
