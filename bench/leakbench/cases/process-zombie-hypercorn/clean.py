"""A thumbnail server: a process makes each picture, the answer does not wait for it."""

import asyncio
import collections
import subprocess

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse
from starlette.routing import Route

MADE = collections.deque(maxlen=1000)


async def finish(maker):
    await asyncio.to_thread(maker.wait)


async def thumbnail(request):
    maker = subprocess.Popen(["true"])  # site
    return PlainTextResponse("in the works", background=BackgroundTask(finish, maker))


app = Starlette(routes=[Route("/thumbnail", thumbnail)])
