"""The addresses of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from ai_chat.web_files import read_web_files

if TYPE_CHECKING:
    from ai_chat.server import ChatServer


def make_routes() -> list[BaseRoute]:
    """The page, the three WebSocket addresses, and what a monitor asks."""
    pages = read_web_files()

    async def page(request: Request) -> Response:
        file = pages.get(request.path_params.get("name", "index.html"))
        if file is None:
            return Response(status_code=404)
        if request.headers.get("if-none-match") == file.headers["etag"]:
            return Response(status_code=304, headers=file.headers)
        return Response(file.body, headers=file.headers)

    return [
        Route("/", page),
        WebSocketRoute("/v1/ws", native),
        WebSocketRoute("/client-ws", open_llm_vtuber),
        WebSocketRoute("/proxy-ws", proxy_room),
        Route("/live2d-models/info", live2d_models),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/{name:path}", page),
    ]


def _server(connection: Request | WebSocket) -> ChatServer:
    server: ChatServer = connection.app.state.server
    return server


async def native(socket: WebSocket) -> None:
    """Sessions that can be resumed."""
    await _server(socket).handler.native(socket)


async def open_llm_vtuber(socket: WebSocket) -> None:
    """Sessions of Open-LLM-VTuber's clients."""
    await _server(socket).handler.open_llm_vtuber(socket)


async def proxy_room(socket: WebSocket) -> None:
    """Seats in the proxy's room."""
    await _server(socket).handler.proxy_room(socket)


async def live2d_models(_request: Request) -> JSONResponse:
    """The Live2D models that can be shown: none are shipped, their licence is their own."""
    return JSONResponse({"type": "live2d-models/info", "count": 0, "characters": []})


async def healthz(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """Whether new pages can be served: the history answers and the server is not draining."""
    server = _server(request)
    draining = server.handler.places.is_draining
    history = await server.engines.history.ready()
    tools = {one.name: one.state for one in server.engines.toolbox.states()}
    ready = history and not draining
    return JSONResponse(
        {"ready": ready, "draining": draining, "history": history, "tools": tools}, status_code=200 if ready else 503
    )


async def metrics(request: Request) -> Response:
    """Prometheus' text format. Nothing in it is named by client."""
    return Response(_server(request).metrics.text(), media_type="text/plain; version=0.0.4")
