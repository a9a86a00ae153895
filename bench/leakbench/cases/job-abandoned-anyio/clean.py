"""A translator: a request waits half a second for the slow engine, then answers with the quick one."""

import threading

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

ROOM_FOR_ALL = anyio.CapacityLimiter(1000)
ENGINE_ANSWERED = threading.Event()
PATIENCE = 1


def ask_engine():
    return "a good translation" if ENGINE_ANSWERED.wait(PATIENCE) else ""


async def translate(request):
    text = "a quick translation"
    with anyio.move_on_after(0.2):
        text = await anyio.to_thread.run_sync(ask_engine, abandon_on_cancel=True, limiter=ROOM_FOR_ALL)  # site
    return PlainTextResponse(text)


app = Starlette(routes=[Route("/translate", translate)])
