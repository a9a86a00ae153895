"""A page whose requests are counted with prometheus_client."""

from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

REQUESTS = Counter("requests", "Requests by client.", ["client"])


async def page(request):
    client = f"{request.client.host}:{request.client.port}"
    REQUESTS.labels(client).inc()  # site
    return PlainTextResponse("a page")


app = Starlette(routes=[Route("/", page)])
