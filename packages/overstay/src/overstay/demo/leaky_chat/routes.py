"""The addresses of the server: the page and its WebSocket."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from service_context import ServiceContext
from websocket_handler import WebSocketHandler

PAGE = Path(__file__).parent / "static" / "index.html"


def routes_of(default_context_cache: ServiceContext) -> list[BaseRoute]:
    """Return the routes; all clients share one handler, which clones the cached context for each of them."""
    ws_handler = WebSocketHandler(default_context_cache)

    async def page(_: Request) -> FileResponse:
        return FileResponse(PAGE)

    return [Route("/", page), WebSocketRoute("/client-ws", ws_handler.serve)]
