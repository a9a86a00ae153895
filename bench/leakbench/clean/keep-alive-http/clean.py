"""A page with a form, on connections that are kept alive for four seconds."""

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route


async def page(_request):
    return HTMLResponse("<form><input name=q></form>")


app = Starlette(routes=[Route("/", page)])
