import asyncio
import queue

from starlette.requests import Request
from starlette.websockets import WebSocket

subscribers = set()
by_client = {}
waiting = []


async def bad_subscriber(websocket: WebSocket):
    messages = asyncio.Queue()  # bad
    subscribers.add(messages)
    while True:
        await websocket.send_text(await messages.get())


async def bad_by_client(request: Request, client_id: str):
    events = asyncio.Queue()  # bad
    by_client[client_id] = events


async def bad_list(websocket: WebSocket):
    inbox = asyncio.PriorityQueue()  # bad
    waiting.append(inbox)


async def bad_registered(websocket: WebSocket, hub):
    inbox = queue.Queue()  # bad
    hub.register(inbox)


async def bad_annotated(websocket: WebSocket, hub):
    inbox: asyncio.Queue = asyncio.Queue()  # bad
    hub.subscribe(inbox)


class BadSession:
    def __init__(self, websocket: WebSocket):
        self._websocket = websocket
        self._outgoing = asyncio.Queue()  # bad

    async def pump(self):
        while True:
            await self._websocket.send_text(await self._outgoing.get())


async def good_limit(websocket: WebSocket):
    messages = asyncio.Queue(maxsize=100)
    subscribers.add(messages)


async def good_positional(websocket: WebSocket):
    messages = asyncio.Queue(100)
    subscribers.add(messages)


async def good_local(websocket: WebSocket):
    steps = asyncio.Queue()
    steps.put_nowait("one")
    return await steps.get()


jobs = asyncio.Queue()


def good_at_the_start(hub):
    inbox = asyncio.Queue()
    hub.register(inbox)


class GoodSession:
    def __init__(self, websocket: WebSocket):
        self._websocket = websocket
        self._outgoing = asyncio.Queue(50)

    async def pump(self):
        while True:
            await self._websocket.send_text(await self._outgoing.get())


class GoodWorker:
    def __init__(self, websocket: WebSocket):
        self._steps = asyncio.Queue()

    async def run(self):
        return await self._steps.get()
