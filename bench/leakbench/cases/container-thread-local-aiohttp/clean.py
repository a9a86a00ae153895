"""An audit log: rows are written by one worker thread, which has its own connection and batch (aiohttp)."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp import web

WORKER = ThreadPoolExecutor(1, thread_name_prefix="audit")
LOCAL = threading.local()


@dataclass
class Row:
    address: str
    path: str


def write(address, path):
    if not hasattr(LOCAL, "rows"):
        LOCAL.rows = []
    LOCAL.rows.append(Row(address, path))  # site
    LOCAL.rows[:] = LOCAL.rows[-4:]


async def page(request):
    await asyncio.get_running_loop().run_in_executor(WORKER, write, request.remote, request.path)
    return web.Response(text="it was written down")


app = web.Application()
app.add_routes([web.get("/", page)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=2)
