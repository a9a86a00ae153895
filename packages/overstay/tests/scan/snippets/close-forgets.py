import asyncio
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx


class BadAgent:
    async def connect(self):
        connection = await asyncio.open_connection("127.0.0.1", 1)  # bad
        self._reader, self._writer = connection

    async def close(self):
        self._writer.write(b"bye")
        await self._writer.drain()


class BadSession:
    def __init__(self):
        self._http = aiohttp.ClientSession()  # bad
        self._pool = ThreadPoolExecutor(1)  # bad
        self._log = open("log", "a")  # bad
        self._socket = socket.create_connection(("127.0.0.1", 1))

    async def start(self):
        self._listening = asyncio.create_task(self.listen())  # bad
        self._talking = asyncio.create_task(self.listen())

    async def listen(self): ...

    async def aclose(self):
        self._talking.cancel()
        self._socket.close()
        self._http = None


class BadContext:
    async def __aenter__(self):
        self._client = httpx.AsyncClient()  # bad
        return self

    async def __aexit__(self, *exc):
        print(exc)


class BadFolder:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()  # bad

    def cleanup(self):
        print(self.folder.name)


class GoodAgent:
    async def connect(self):
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", 1)

    async def close(self):
        self._writer.close()
        await self._writer.wait_closed()


class GoodHelper:
    async def start(self):
        self._task = asyncio.create_task(self.run())
        self._other = asyncio.create_task(self.run())
        self._third = asyncio.create_task(self.run())

    async def run(self): ...

    async def _cancel(self, *tasks): ...

    async def stop(self):
        await self._cancel(self._task)
        task, self._other = self._other, None
        task.cancel()
        await asyncio.gather(self._third)


class GoodLocal:
    async def fetch(self):
        async with aiohttp.ClientSession() as session:
            return session

    async def close(self): ...


class GoodBase:
    def __init__(self):
        self._client = httpx.AsyncClient()

    async def close(self): ...


class GoodHeir(GoodBase):
    async def close(self):
        await self._client.aclose()


class GoodWithoutCloser:
    def __init__(self):
        self.session = aiohttp.ClientSession()


class GoodOutside:
    def __init__(self):
        self.inner = ThreadPoolExecutor(1)

    def close(self): ...


def good_end(thing: GoodOutside):
    thing.inner.shutdown()


class GoodAwaited:
    async def open(self):
        self._work = asyncio.create_task(self.open())

    async def close(self):
        await self._work


class GoodTold:
    async def start(self):
        self._stopping = asyncio.Event()
        self._work = asyncio.create_task(self._stopping.wait())

    async def stop(self):
        self._stopping.set()
