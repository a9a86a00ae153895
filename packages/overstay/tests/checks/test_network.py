"""The network: real servers, one of which answers as if it were far away."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trustme
from aiohttp import WSMsgType, web

from overstay.checks.check import Project
from overstay.checks.network import NetworkCheck, judged
from overstay.checks.round_trips import Trips, measure
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.report.figures import figure
from overstay.visits.destination import Destination

Make = Callable[..., Project]
Ask = Callable[..., Any]


async def _talk(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


async def _talk_late(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.PING:
            await asyncio.sleep(0.15)
            await socket.pong(message.data)
    return socket


@contextlib.contextmanager
def running(make_server: Callable[[], Awaitable[tuple[int, Callable[[], Awaitable[None]]]]]) -> Iterator[int]:
    """Run a server on a loop of another thread; gives its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port, close = asyncio.run_coroutine_threadsafe(make_server(), loop).result(30)  # type: ignore[arg-type]
        try:
            yield port
        finally:
            asyncio.run_coroutine_threadsafe(close(), loop).result(30)  # type: ignore[arg-type]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def chat(context: ssl.SSLContext | None = None) -> Callable[[], Any]:
    """Return a maker of a chat server."""

    async def made() -> tuple[int, Callable[[], Awaitable[None]]]:
        app = web.Application()
        app.router.add_get("/ws", _talk)
        app.router.add_get("/far", _talk_late)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()

        async def close() -> None:
            await turns()
            await runner.cleanup()
            await turns()

        async def turns() -> None:
            for _ in range(20):  # in which the loop takes in connections, and lets go of them
                await asyncio.sleep(0)

        return runner.addresses[0][1], close

    return made


def test_connects_and_pings_of_a_websocket_are_measured(make: Make, said: Ask) -> None:
    """Ten pings, all answered, with the figures."""
    with running(chat()) as port:
        trips = measure(Destination(f"ws://127.0.0.1:{port}/ws"))
        result = said(NetworkCheck(), make(destination=Destination(f"ws://127.0.0.1:{port}/ws"))).about("cause-c")
    assert (len(trips.connects), len(trips.pings), trips.lost, trips.tls) == (5, 10, 0, None)
    assert result.details[1].startswith("10 pings: ")


def test_a_server_that_answers_late_is_slow_unless_it_is_here(make: Make, said: Ask) -> None:
    """Its pongs take a seventh of a second; on this machine no network is to blame for that."""
    with running(chat()) as port:
        destination = Destination(f"ws://127.0.0.1:{port}/far")
        here = said(NetworkCheck(), make(destination=destination)).about("cause-c")
        trips = measure(destination)
    assert here.status == "does-not-apply"
    assert trips.round_trip >= 150
    far = NetworkCheck()._judged(trips, "chat.example", Speaker("en"))
    assert far.status in ("warning", "severe")
    assert far.title.startswith("the way there and back takes ")
    assert far.fix is not None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("pings", "lost", "slug", "status"),
    [((20.0, 21.0), 0, "fine", "fine"), ((20.0,), 2, "lost", "warning"), ((10.0, 90.0), 0, "unsteady", "warning")],
)
def test_a_way_through_a_network_is_judged_in_words(
    pings: tuple[float, ...], lost: int, slug: str, status: str, language: Language
) -> None:
    """Well, with lost pings, and unsteady; what is not well has its fix, and TLS its own line."""
    say = Speaker(language)
    trips = Trips((5.0,), 12.0, pings, lost)
    result = NetworkCheck()._judged(trips, "chat.example", say)
    values = {"trip": figure(trips.round_trip), "jitter": figure(trips.jitter), "lost": lost}
    assert (result.status, result.title) == (status, say(f"check.network.{slug}", **values))
    assert (result.fix is None) == (status == "fine")
    assert say("check.network.tls", ms="12") in result.details


def test_tls_is_measured_and_a_foreign_certificate_needs_insecure(make: Make, said: Ask) -> None:
    """As in a visit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with running(chat(context)) as port:
        refused = said(NetworkCheck(), make(destination=Destination(f"wss://127.0.0.1:{port}/ws")))
        trips = measure(Destination(f"wss://127.0.0.1:{port}/ws", insecure=True))
    assert refused.about("cause-c").status == "not-checked"
    assert trips.tls is not None
    assert len(trips.pings) == 10


def test_an_http_server_is_only_connected_to(make: Make, said: Ask) -> None:
    """There are no pings to send."""
    with running(chat()) as port:
        result = said(NetworkCheck(), make(destination=Destination(f"http://127.0.0.1:{port}/"))).about("cause-c")
    assert len(result.details) == 1


def test_a_refused_websocket_says_why_there_are_no_pings(make: Make, said: Ask) -> None:
    """The status of the answer is the reason."""
    with running(chat()) as port:
        result = said(NetworkCheck(), make(destination=Destination(f"ws://127.0.0.1:{port}/other"))).about("cause-c")
    assert result.details[-1] == "no pings: HTTP 404"


def test_nobody_there_is_not_checked(make: Make, said: Ask) -> None:
    """In one sentence."""
    with running(chat()) as port:
        pass
    result = said(NetworkCheck(), make(destination=Destination(f"ws://127.0.0.1:{port}/ws"))).about("cause-c")
    assert result.status == "not-checked"
    assert f"ws://127.0.0.1:{port}/ws" in result.title


def test_without_a_url_there_is_no_network_to_look_at(make: Make, said: Ask) -> None:
    """It says what to add."""
    assert said(NetworkCheck(), make()).about("cause-c").title == "no server was named: add --url"


@pytest.mark.parametrize(
    ("pings", "lost", "expected"),
    [
        ((1.0, 2.0, 1.0), 0, ("fine", "fine")),
        ((99.0,) * 10, 0, ("fine", "fine")),
        ((101.0,) * 10, 0, ("slow", "warning")),
        ((301.0,) * 10, 0, ("slow", "severe")),
        ((10.0, 80.0) * 5, 0, ("unsteady", "warning")),
        ((1.0,) * 9, 1, ("lost", "warning")),
    ],
)
def test_thresholds_of_the_way(pings: tuple[float, ...], lost: int, expected: tuple[str, str]) -> None:
    """100 ms are noticed, 300 ms hurt; 50 ms from one to the next are unsteady; no ping may be lost."""
    assert judged(Trips((1.0,), None, pings, lost)) == expected
