"""A document server: one watcher per open document, all in one task group of the application."""

import contextlib

import anyio
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


@contextlib.asynccontextmanager
async def lifespan(app):
    async with anyio.create_task_group() as group:
        app.state.group = group
        app.state.watched = set()
        yield
        group.cancel_scope.cancel()


async def watch(closed: anyio.Event):
    await closed.wait()


async def edit(client: WebSocket):
    await client.accept()
    closed = anyio.Event()
    client.app.state.watched.add(closed)
    client.app.state.group.start_soon(watch, closed)  # site
    try:
        await client.send_text("opened")
        async for _ in client.iter_text():
            await client.send_text("saved")
    finally:
        client.app.state.watched.discard(closed)
        closed.set()


app = Starlette(routes=[WebSocketRoute("/ws", edit)], lifespan=lifespan)
