"""A support desk: a session can be found as long as it lives; twenty numbers are remembered."""

import collections
import itertools
import weakref

from fastapi import FastAPI, WebSocket

app = FastAPI()
NUMBERS = itertools.count(1)
SESSIONS = weakref.WeakValueDictionary()
RECENT = collections.deque(maxlen=20)


class Session:
    def __init__(self, client):
        self.client = client
        self.number = next(NUMBERS)


@app.websocket("/ws")
async def support(client: WebSocket):
    await client.accept()
    session = Session(client)
    SESSIONS[session.number] = session
    RECENT.append(session.number)
    await client.send_text(f"you are number {session.number} of {len(SESSIONS)}")
    async for _ in client.iter_text():
        await client.send_text("please wait")
