"""The server: its scopes, how it starts, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import uvicorn
from starlette.applications import Starlette

from ai_chat.catalogue import text
from ai_chat.config_manager.settings import Settings
from ai_chat.engines import Engines, open_engines
from ai_chat.http_protocol import HTTPProtocol, Peers
from ai_chat.metrics import Metrics
from ai_chat.proxy.proxy_handler import ProxyHandler
from ai_chat.routes import make_routes
from ai_chat.sessions import Sessions
from ai_chat.websocket_handler import WebSocketHandler
from ai_chat.websocket_protocol import WebSocketProtocol

END_SECONDS = 10.0  # that sessions have for their end before they are cancelled
WAITING = 2_048  # connections that the system keeps until they are accepted
FULL_COLLECTIONS = 100  # the others between two of them, in place of 10
ACCEPTED_AT_ONCE = 1  # in one pass of the loop: a hundred pages that open together hold up nobody else


class ChatServer:
    """What a running server consists of."""

    def __init__(self, engines: Engines, group: asyncio.TaskGroup) -> None:
        self.engines = engines
        self.settings = engines.settings
        self.sessions = Sessions(engines, group)
        self.proxy = ProxyHandler(self.sessions, group)
        self.handler = WebSocketHandler(self.sessions, self.proxy)
        self.metrics = Metrics(self)

    async def drain(self) -> None:
        """Let nobody in, ask everybody to come back soon, and give turns the time to end."""
        self.handler.places.is_draining = True
        try:
            async with asyncio.timeout(self.settings.limits.drain_seconds):
                while self.sessions.answering:  # noqa: ASYNC110 - turns end in many tasks, and this is done once
                    await asyncio.sleep(0.05)
        except TimeoutError:
            logging.getLogger(__name__).warning("%d turns are cut off by the end", self.sessions.answering)
        self.handler.say_bye()
        try:
            async with asyncio.timeout(1.0):
                while self.handler.connections:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return  # who does not read is closed with the listener


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncGenerator[ChatServer, None]:
    """A server's scopes: engines, then sessions. Leaving ends the sessions, then the engines in reverse order."""
    async with open_engines(settings) as engines, asyncio.timeout(None) as deadline, asyncio.TaskGroup() as group:
        server = ChatServer(engines, group)
        try:
            yield server
        finally:
            server.proxy.end()
            server.sessions.end()
            deadline.reschedule(asyncio.get_running_loop().time() + END_SECONDS)


def create_app(settings: Settings) -> Starlette:
    """The ASGI application. Its lifespan is the server's scope; `app.state.server` is the `ChatServer`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
        async with open_server(settings) as server:
            app.state.server = server
            yield

    return Starlette(routes=make_routes(), lifespan=lifespan)


class DrainingServer(uvicorn.Server):
    """Lets connections in a few at a time, and says goodbye before it closes them."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. The loop accepts in one pass as many as its backlog is, so the line outside is made long again."""
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(WAITING)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close."""
        server: ChatServer | None = getattr(self._app.state, "server", None)
        if server is not None and not self.force_exit:
            await server.drain()
        await super().shutdown(sockets)


def make_config(app: Starlette, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    limits, proxies = settings.limits, settings.system.trusted_proxies
    http = partial(HTTPProtocol, Peers(limits.sessions_per_address))
    return uvicorn.Config(
        app,
        backlog=ACCEPTED_AT_ONCE,
        http=http,  # type: ignore[arg-type]  # whatever makes a protocol
        ws=WebSocketProtocol,
        ws_max_size=limits.message_bytes,
        ws_per_message_deflate=False,  # a compressor would cost each idle page more memory than all else
        ws_ping_interval=2 * limits.heartbeat_seconds,
        ws_ping_timeout=2 * limits.heartbeat_seconds,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=5,
        log_level="warning",
        access_log=False,
    )


def serve(settings: Settings, *, lang: str) -> int:
    """Serve until a signal. SIGTERM ends the process itself; 130 is for SIGINT, 1 for an address that is taken."""
    host, port = settings.system.host, settings.system.port
    try:
        listener = listen(host, port)
    except OSError as err:
        print(text("cannot-listen", lang, host=host, port=port, problem=err.strerror or err), file=sys.stderr)  # noqa: T201
        return 1
    host, port = listener.getsockname()[:2]
    print(text("serving", lang, url=f"http://{f'[{host}]' if ':' in host else host}:{port}/"), flush=True)  # noqa: T201
    app = create_app(settings)
    _spare_collections()
    try:
        asyncio.run(DrainingServer(make_config(app, settings), app).serve(sockets=[listener]))
    except KeyboardInterrupt:
        return 130
    finally:
        listener.close()
    return 0


def _spare_collections() -> None:
    """Keep the collector from stopping the loop for 50 ms and more, again and again.

    What was imported stays anyway and is looked at no more. A full collection looks at every open session, so it is
    made more rarely: what sessions leave is freed without it, but for a few objects each.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_COLLECTIONS)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one. Raises `OSError`."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    listener = socket.create_server((host, port), family=family, backlog=WAITING)
    # Connections inherit it. asyncio sets it itself only on sockets that say their protocol, which this one does not;
    # without it a frame waits up to 40 ms for the client's acknowledgement of the one before.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
