"""A text tool: two `cat` processes do the work for everybody, one request at a time each."""

import asyncio
from asyncio.subprocess import PIPE

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


class Workers:
    def __init__(self, most):
        self.free, self.started, self.most = asyncio.Queue(), 0, most

    async def run(self, text):
        if self.free.empty() and self.started < self.most:
            self.started += 1
            worker = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        else:
            worker = await self.free.get()
        try:
            worker.stdin.write(text.encode() + b"\n")
            return (await worker.stdout.readline()).decode()
        finally:
            self.free.put_nowait(worker)


WORKERS = Workers(most=2)


async def upper(_request):
    return PlainTextResponse(await asyncio.shield(WORKERS.run("text")))


app = Starlette(routes=[Route("/upper", upper)])
