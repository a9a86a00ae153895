"""A login page: a form can be sent for an hour, and the request can be asked for anywhere."""

import asyncio
import contextvars
import uuid

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

REQUEST = contextvars.ContextVar("request")
FORMS = {}


async def login(request):
    REQUEST.set(request)
    form = uuid.uuid4().hex
    FORMS[form] = "open"
    expiry = asyncio.get_running_loop().call_later(3600, FORMS.pop, form, None)  # site
    try:
        body = await REQUEST.get().body()
        return PlainTextResponse(f"{len(body)} bytes, welcome")
    finally:
        del FORMS[form]
        expiry.cancel()


app = Starlette(routes=[Route("/login", login, methods=["GET", "POST"])])
