import uuid
from collections import defaultdict, deque
from weakref import WeakValueDictionary

import registry
from registry import sessions
from starlette.websockets import WebSocket, WebSocketDisconnect

clients = {}
watchers = set()
buffers = defaultdict(list)
recent = {}
weak = WeakValueDictionary()
settings = {}
removed = {}


async def bad_module_table(websocket: WebSocket):
    client_uid = uuid.uuid4().hex
    clients[client_uid] = websocket  # bad
    await websocket.receive_text()


async def bad_set(websocket: WebSocket):
    watchers.add(websocket)  # bad
    await websocket.receive_text()


async def bad_default_dictionary(websocket: WebSocket, client_id: str):
    buffers[client_id].append(await websocket.receive_bytes())  # bad


async def bad_table_of_another_file(websocket: WebSocket, session_id: str):
    sessions[session_id] = websocket  # bad
    registry.by_peer.setdefault(websocket.client, websocket)  # bad


class BadHandler:
    all_clients = {}

    def __init__(self):
        self.contexts = {}

    async def serve(self, websocket: WebSocket):
        client_uid = uuid.uuid4().hex
        self.contexts[client_uid] = websocket  # bad
        try:
            await websocket.receive_text()
        except WebSocketDisconnect:
            self.contexts.pop(client_uid)

    async def greet(self, websocket: WebSocket, client_uid: str):
        self.all_clients[client_uid] = websocket  # bad


async def good_finally(websocket: WebSocket, client_uid: str):
    removed[client_uid] = websocket
    try:
        await websocket.receive_text()
    finally:
        removed.pop(client_uid, None)


class GoodHandler:
    def __init__(self):
        self.contexts = {}
        self.rooms = {}
        self.recent = {}
        self.names = {"a": 1}

    async def connect(self, websocket: WebSocket, client_uid: str):
        self.contexts[client_uid] = websocket

    async def disconnect(self, client_uid: str):
        del self.contexts[client_uid]

    async def good_limited(self, websocket: WebSocket, client_uid: str):
        self.recent[client_uid] = websocket
        if len(self.recent) > 100:
            self.recent.popitem()

    async def good_known_keys(self, websocket: WebSocket):
        self.names["greeting"] = await websocket.receive_text()


async def good_weak(websocket: WebSocket, client_uid: str):
    weak[client_uid] = websocket


class GoodSession:
    def __init__(self, websocket: WebSocket):
        self.by_message = {}

    def note(self, message_id):
        self.by_message[message_id] = True


async def good_local(websocket: WebSocket, client_uid: str):
    table = {}
    table[client_uid] = websocket


def good_at_the_start(name, value):
    settings[name] = value


async def good_alias(websocket: WebSocket, client_id: str):
    mine = registry.tidy
    mine[client_id] = websocket
    try:
        await websocket.receive_text()
    finally:
        mine.pop(client_id, None)


async def good_removed_elsewhere(websocket: WebSocket, client_id: str):
    registry.swept[client_id] = websocket
