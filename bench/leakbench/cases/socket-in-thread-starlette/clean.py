"""A price server: a request asks the exchange over a blocking socket, in a thread."""

import os
import socket

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route

EXCHANGE = "127.0.0.1", int(os.environ["UPSTREAM_PORT"])
LINES = {}


def ask_exchange():
    line = socket.create_connection(EXCHANGE)  # site
    LINES[line.fileno()] = line
    line.sendall(b"42\n")
    answer = line.recv(100)
    LINES.pop(line.fileno()).close()
    return answer.decode()


async def price(request):
    return PlainTextResponse(await run_in_threadpool(ask_exchange))


app = Starlette(routes=[Route("/price", price)])
