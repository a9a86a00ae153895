"""Visits to real servers."""

import asyncio
import contextlib
import socket

import pytest
import uvicorn
import websockets.asyncio.server
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from overstay.visits import SILENT, Departure

TALK = """
    async def visit(client):
        await client.connect()
        await client.expect("welcome")
        await client.send("question")
        async with client.reply():
            await client.expect("part 3")
"""


def application(seen):
    """Return an ASGI application that counts the sessions it has seen."""

    async def chat(websocket):
        seen.append("websocket")
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await websocket.send_text("welcome")
            while True:
                await websocket.receive_text()
                for number in range(4):
                    await websocket.send_text(f"part {number}")
                    await asyncio.sleep(0.02)

    async def page(request):
        seen.append("http")
        body = await request.body()
        return PlainTextResponse(f"hello {len(body)}")

    async def events(request):
        seen.append("http")

        async def parts():
            while True:
                yield "data: tick\n\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(parts(), media_type="text/event-stream")

    return Starlette(
        routes=[WebSocketRoute("/ws", chat), Route("/", page, methods=["GET", "POST"]), Route("/events", events)]
    )


@contextlib.asynccontextmanager
async def uvicorn_serving(app, websocket_protocol):
    """Run uvicorn with `app` on a port of its own."""
    config = uvicorn.Config(app, ws=websocket_protocol, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def all_departures(bench, url, body):
    driver = bench.driver(url, body, concurrency=3)
    try:
        first = await driver.make([Departure.CLOSE], first_n=1)
        return first + await driver.make(list(Departure), first_n=2)
    finally:
        await driver.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("websocket_protocol", ["websockets-sansio", "wsproto"])
def test_every_departure_from_a_uvicorn_websocket(bench, websocket_protocol):
    """All nine are exercised, and the sessions recorded are those that the application saw."""
    seen = []

    async def main():
        async with uvicorn_serving(application(seen), websocket_protocol) as port:
            return await all_departures(bench, f"ws://127.0.0.1:{port}/ws", TALK)

    records = asyncio.run(main())
    assert [record.problem for record in records] == [None] * 10
    assert all(record.exercised for record in records)
    assert sum(c.sessions for record in records for c in record.connections) == len(seen) == 9
    assert all(record.first_reply_s is not None for record in records if record.departure in {*SILENT, "close"})


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/events"])
def test_every_departure_from_a_uvicorn_page_and_event_stream(bench, path):
    """All are exercised but those that need a close frame or a body."""
    seen = []

    async def main():
        async with uvicorn_serving(application(seen), "none") as port:
            return await all_departures(bench, f"http://127.0.0.1:{port}{path}", None)

    records = asyncio.run(main())
    assert [record.problem for record in records] == [None] * 10
    not_exercised = {record.departure: record.why_not for record in records if not record.exercised}
    assert not_exercised == {
        Departure.GOING_AWAY: "visit.why-no-close-frame",
        Departure.MID_UPLOAD: "visit.why-no-upload",
    }
    assert sum(c.sessions for record in records for c in record.connections) == len(seen)


@pytest.mark.slow
def test_every_departure_from_a_uvicorn_form(bench):
    """A request body that stops half-way is a session, too: the application is called when the head has come."""
    seen = []
    body = "async def visit(client):\n    await client.connect(body='x' * 99)\n    await client.expect('hello 99')\n"

    async def main():
        async with uvicorn_serving(application(seen), "none") as port:
            return await all_departures(bench, f"http://127.0.0.1:{port}/", body)

    records = asyncio.run(main())
    assert [record.problem for record in records] == [None] * 10
    assert [record.departure for record in records if not record.exercised] == [Departure.GOING_AWAY]
    assert sum(c.sessions for record in records for c in record.connections) == len(seen)


@pytest.mark.slow
def test_every_departure_from_a_websockets_server(bench):
    """All nine are exercised, and each handshake that was answered was a session."""
    seen = []

    async def chat(connection):
        seen.append(connection)
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            await connection.send("welcome")
            async for _ in connection:
                for number in range(4):
                    await connection.send(f"part {number}")
                    await asyncio.sleep(0.02)

    async def main():
        async with websockets.asyncio.server.serve(chat, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            records = await all_departures(bench, f"ws://127.0.0.1:{port}", TALK)
            codes = [connection.close_code for connection in seen]
            return records, codes

    records, codes = asyncio.run(main())
    assert [record.problem for record in records] == [None] * 10
    assert all(record.exercised for record in records)
    assert sum(c.sessions for record in records for c in record.connections) == len(seen) == 9
    assert codes.count(1000) == 2
    assert codes.count(1001) == 1
