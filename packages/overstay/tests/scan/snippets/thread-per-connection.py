import queue
import threading
from threading import Thread

from starlette.websockets import WebSocket


def listen_for_ever():
    while True:
        print("still here")


def poll(items):
    while 1:
        items.get()


def finite():
    print("once")


def until_sentinel(items):
    while True:
        item = items.get()
        if item is None:
            break


async def bad_dropped(websocket: WebSocket):
    threading.Thread(target=listen_for_ever, daemon=True).start()  # bad


async def bad_local(websocket: WebSocket):
    thread = Thread(target=poll, args=(queue.Queue(),))  # bad
    thread.start()
    await websocket.receive_text()


async def bad_inner(websocket: WebSocket):
    def beat():
        while True:
            print(websocket)

    threading.Thread(target=beat).start()  # bad


class BadVoice:
    def __init__(self, websocket: WebSocket):
        self._items = queue.Queue()
        self._running = True
        self.websocket = websocket

    def start(self):
        self._thread = threading.Thread(target=self._listen, daemon=True)  # bad
        self._thread.start()

    def start_another(self):
        threading.Thread(target=self._flagged).start()  # bad

    def _listen(self):
        while True:
            self._items.get()

    def _flagged(self):
        while self._running:
            self._items.get()


def bad_handler(request, websocket):
    threading.Thread(name="voice", target=listen_for_ever).start()  # bad


def good_at_the_start():
    threading.Thread(target=listen_for_ever, daemon=True).start()


async def good_finite(websocket: WebSocket):
    threading.Thread(target=finite).start()


async def good_sentinel(websocket: WebSocket):
    items = queue.Queue()
    threading.Thread(target=until_sentinel, args=(items,)).start()
    try:
        await websocket.receive_text()
    finally:
        items.put(None)


async def good_joined(websocket: WebSocket):
    thread = threading.Thread(target=listen_for_ever)
    thread.start()
    thread.join()


class GoodVoice:
    def __init__(self, websocket: WebSocket):
        self._stop = threading.Event()

    def start(self):
        threading.Thread(target=self._listen).start()

    def close(self):
        self._stop.set()

    def _listen(self):
        while not self._stop.is_set():
            print("listening")


class GoodFlag:
    def __init__(self, websocket: WebSocket):
        self.running = True
        threading.Thread(target=self._listen).start()

    def stop(self):
        self.running = False

    def _listen(self):
        while self.running:
            print("listening")


async def good_unknown(websocket: WebSocket, work):
    threading.Thread(target=work).start()
