from collections import defaultdict, deque

from starlette.requests import Request
from starlette.websockets import WebSocket

latencies = []
payloads = deque()
sound = bytearray()
recent = deque(maxlen=100)
trimmed = []
drained = []
plugins = []


async def bad_module_list(websocket: WebSocket):
    latencies.append(await websocket.receive_text())  # bad


async def bad_deque_without_bound(request: Request):
    payloads.append(await request.body())  # bad


async def bad_bytes(websocket: WebSocket):
    sound.extend(await websocket.receive_bytes())  # bad


class BadHistory:
    seen = []

    def __init__(self):
        self.messages = []
        self.spoken = []
        self.by_topic = {}

    def store(self, client_uid, question, reply):
        self.messages.append(question)
        self.messages.append(reply)  # bad

    def speak(self, websocket, text):
        self.spoken += [text]  # bad

    def note(self, request: Request):
        self.seen.insert(0, request.url)  # bad

    def file(self, session_id, topic, text):
        self.by_topic[topic].append(text)  # bad


async def good_bound(websocket: WebSocket):
    recent.append(await websocket.receive_text())


async def good_trimmed(websocket: WebSocket):
    trimmed.append(await websocket.receive_text())
    del trimmed[:-100]


async def good_drained(websocket: WebSocket):
    drained.append(await websocket.receive_text())


def good_drain():
    while drained:
        drained.pop()


def good_at_the_start(plugin):
    plugins.append(plugin)


async def good_local(websocket: WebSocket):
    words = []
    words.append(await websocket.receive_text())


class GoodSession:
    def __init__(self, websocket: WebSocket):
        self.messages = []

    def hear(self, client_id, message):
        self.messages.append(message)


class GoodLimited:
    def __init__(self):
        self.messages = []
        self.batch = []

    def store(self, client_uid, message):
        self.messages.append(message)
        if len(self.messages) > 1000:
            self.archive()

    def archive(self): ...

    def collect(self, client_uid, message):
        self.batch.append(message)

    def flush(self):
        batch, self.batch = self.batch, []
        return batch
