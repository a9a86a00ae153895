import asyncio
import atexit
import logging
import signal

from loguru import logger as log
from starlette.websockets import WebSocket

logger = logging.getLogger(__name__)


async def bad_handler(websocket: WebSocket):
    logger.addHandler(logging.StreamHandler())  # bad
    await websocket.receive_text()


async def bad_exit(websocket: WebSocket):
    atexit.register(print, websocket)  # bad


async def bad_signal(websocket: WebSocket, stop):
    signal.signal(signal.SIGTERM, stop)  # bad


async def bad_loop_signal(websocket: WebSocket, stop):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)  # bad


async def bad_sink(websocket: WebSocket, sink):
    log.add(sink)  # bad


class BadSession:
    def __init__(self, websocket: WebSocket, bus):
        self._bus = bus
        self._bus.subscribe("message", self.on_message)  # bad

    def on_message(self, message): ...


async def bad_listener(websocket: WebSocket, bus, hear):
    bus.add_listener("message", hear)  # bad
