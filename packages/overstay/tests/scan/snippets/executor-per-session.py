import functools
from concurrent import futures
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool

from starlette.requests import Request
from starlette.websockets import WebSocket

pool = ThreadPoolExecutor(4)
lazy = None


async def bad_local(websocket: WebSocket, work):
    executor = ThreadPoolExecutor(1)  # bad
    executor.submit(work)


async def bad_dropped(request: Request, work):
    ThreadPoolExecutor().submit(work)  # bad


async def bad_processes(websocket: WebSocket, work):
    workers = ProcessPoolExecutor(2)  # bad
    workers.submit(work)


async def bad_module_name(websocket: WebSocket, work):
    executor = futures.ThreadPoolExecutor()  # bad
    executor.submit(work)


async def bad_pool(request: Request, work):
    workers = Pool(2)  # bad
    workers.apply_async(work)


class BadSession:
    def __init__(self, websocket: WebSocket):
        self._pool = ThreadPoolExecutor(1)  # bad

    def transcribe(self, audio):
        return self._pool.submit(len, audio)


async def good_shared(websocket: WebSocket, work):
    pool.submit(work)


async def good_with(websocket: WebSocket, work):
    with ThreadPoolExecutor(1) as executor:
        executor.submit(work)


async def good_shut_down(websocket: WebSocket, work):
    executor = ThreadPoolExecutor(1)
    try:
        executor.submit(work)
    finally:
        executor.shutdown(wait=False)


def good_main(work):
    executor = ThreadPoolExecutor(4)
    executor.submit(work)


async def good_lazy(websocket: WebSocket, work):
    global lazy
    if lazy is None:
        lazy = ThreadPoolExecutor(4)
    lazy.submit(work)


@functools.cache
def good_cached_pool():
    return ThreadPoolExecutor(4)


async def good_cached(websocket: WebSocket, work):
    good_cached_pool().submit(work)


class GoodSession:
    def __init__(self, websocket: WebSocket):
        self._pool = ThreadPoolExecutor(1)

    def close(self):
        self._pool.shutdown(wait=False)
