from contextlib import AsyncExitStack

import aiohttp
import anyio
from mcp import ClientSession, stdio_client
from mcp.client.sse import sse_client


class BadClient:
    def __init__(self, parameters):
        self._stack = AsyncExitStack()
        self.parameters = parameters

    async def connect(self):
        read, write = await self._stack.enter_async_context(stdio_client(self.parameters))  # bad
        self.session = await self._stack.enter_async_context(ClientSession(read, write))  # bad

    async def connect_by_events(self):
        transport = sse_client("http://tools/")
        await self._stack.enter_async_context(transport)  # bad

    async def aclose(self):
        await self._stack.aclose()


class BadGroup:
    async def start(self):
        self._group = anyio.create_task_group()
        await self._group.__aenter__()  # bad

    async def stop(self):
        await self._group.__aexit__(None, None, None)


class BadScope:
    def start(self):
        self._scope = anyio.CancelScope()
        self._scope.__enter__()  # bad

    def stop(self):
        self._scope.__exit__(None, None, None)


class BadTimeout:
    def __init__(self):
        self.stack = AsyncExitStack()

    async def begin(self):
        self.stack.enter_context(anyio.fail_after(5))  # bad

    async def end(self):
        await self.stack.aclose()


class GoodOneTask:
    def __init__(self, parameters):
        self.parameters = parameters
        self.closing = anyio.Event()

    async def run(self):
        async with stdio_client(self.parameters) as (read, write), ClientSession(read, write):
            await self.closing.wait()

    async def aclose(self):
        self.closing.set()


class GoodContext:
    async def __aenter__(self):
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc):
        return await self._group.__aexit__(*exc)


class GoodHttp:
    def __init__(self):
        self._stack = AsyncExitStack()

    async def connect(self):
        self.session = await self._stack.enter_async_context(aiohttp.ClientSession())

    async def aclose(self):
        await self._stack.aclose()


class GoodSameMethod:
    async def call(self, parameters):
        self._stack = AsyncExitStack()
        try:
            await self._stack.enter_async_context(stdio_client(parameters))
        finally:
            await self._stack.aclose()


class GoodFile:
    def __init__(self):
        self._stack = AsyncExitStack()

    async def start(self, make):
        await self._stack.enter_async_context(make())

    async def stop(self):
        await self._stack.aclose()


async def good_function(parameters):
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stdio_client(parameters))
