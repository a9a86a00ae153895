import atexit
import logging

from starlette.websockets import WebSocket

logger = logging.getLogger(__name__)


def good_at_the_start(stop):
    atexit.register(stop)
    logger.addHandler(logging.StreamHandler())


class GoodSession:
    def __init__(self, websocket: WebSocket, bus):
        self._bus = bus
        self._bus.subscribe("message", self.on_message)

    def on_message(self, message): ...

    def close(self):
        self._bus.unsubscribe("message", self.on_message)


async def good_own_bus(websocket: WebSocket, make_bus, hear):
    bus = make_bus()
    bus.add_observer("message", hear)


class GoodOwn:
    def __init__(self, websocket: WebSocket):
        self._peer = make_peer()
        self._peer.add_event_handler("track", self.on_track)

    def on_track(self, track): ...


def make_peer(): ...


async def good_handle(websocket: WebSocket, bus, hear):
    remove = bus.add_callback(hear)
    try:
        await websocket.receive_text()
    finally:
        remove()


async def good_channel(websocket: WebSocket, store):
    await store.subscribe("news")
