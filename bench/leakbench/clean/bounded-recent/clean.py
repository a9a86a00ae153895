"""A pastebin that keeps what came last: the ten newest pastes are files, older ones are deleted."""

import asyncio
import collections
import tempfile
import uuid
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.routing import Route

RECENT = collections.deque()
FOLDER = Path(tempfile.gettempdir())


def keep(text):
    path = FOLDER / f"{uuid.uuid4().hex}.paste"
    path.write_bytes(text)
    RECENT.append(path)
    while len(RECENT) > 10:
        RECENT.popleft().unlink()


async def paste(request):
    try:
        text = await request.body()
    except ClientDisconnect:
        return PlainTextResponse("come again")
    await asyncio.to_thread(keep, text)
    return PlainTextResponse("kept for now")


app = Starlette(routes=[Route("/upload", paste, methods=["POST"])])
