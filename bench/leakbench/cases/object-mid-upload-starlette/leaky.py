"""An upload server: what is under way can be listed."""

import uuid

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.routing import Route

UNDER_WAY = {}


async def receive(request):
    name = uuid.uuid4().hex
    UNDER_WAY[name] = request  # site
    try:
        size = 0
        async for piece in request.stream():
            size += len(piece)
    except UnicodeError:
        size = -1
    else:
        del UNDER_WAY[name]
    return size


async def upload(request):
    try:
        return PlainTextResponse(f"{await receive(request)} bytes received")
    except ClientDisconnect:
        return PlainTextResponse("come again")


app = Starlette(routes=[Route("/upload", upload, methods=["POST"])])
