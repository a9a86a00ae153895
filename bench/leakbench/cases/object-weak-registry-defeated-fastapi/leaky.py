"""A support desk: sessions are found by their number as long as they live."""

import itertools
import weakref

from fastapi import FastAPI, WebSocket

app = FastAPI()
NUMBERS = itertools.count(1)
SESSIONS = weakref.WeakValueDictionary()
ORDER = []


class Session:
    def __init__(self, client):
        self.client = client
        self.number = next(NUMBERS)


def register(session):
    SESSIONS[session.number] = session
    ORDER.append(session)  # site


@app.websocket("/ws")
async def support(client: WebSocket):
    await client.accept()
    session = Session(client)
    register(session)
    await client.send_text(f"you are number {session.number}, {len(ORDER)} waited before")
    async for _ in client.iter_text():
        await client.send_text("please wait")
