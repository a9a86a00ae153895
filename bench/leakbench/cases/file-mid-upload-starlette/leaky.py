"""An upload server: the body goes to a part file as it comes; a whole one is moved away and counted."""

import tempfile
import uuid
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.routing import Route

PARTS = Path(tempfile.gettempdir())


async def receive(request, part):
    with part.open("wb") as file:  # site
        async for piece in request.stream():
            file.write(piece)
    return part.stat().st_size


async def upload(request):
    part = PARTS / f"{uuid.uuid4().hex}.part"
    try:
        size = await receive(request, part)
    except ClientDisconnect:
        return PlainTextResponse("come again")
    part.unlink()
    return PlainTextResponse(f"{size} bytes received")


app = Starlette(routes=[Route("/upload", upload, methods=["POST"])])
