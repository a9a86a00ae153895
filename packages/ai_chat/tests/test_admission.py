"""Who is let in, and what one address may take: also of clients that come back, or never ask."""

import asyncio
import json
from contextlib import suppress

import psutil
import pytest
import websockets

from ai_chat import http_protocol
from ai_chat.config_manager.settings import Limits, SystemSettings

from .running_server import opened, poll, running, settings_in

pytestmark = pytest.mark.slow


def address_of(url):
    """Host and port of a running server."""
    host, port = url.removeprefix("ws://").split(":")
    return host, int(port)


@pytest.mark.parametrize("limit", ["sessions", "sessions_per_address"])
def test_sessions_that_wait_for_a_resume_are_counted(tmp_path, limit):
    """Leaving without a word makes no room; the session's end does; a resume needs none."""

    async def main():
        limits = Limits(**{limit: 2, "resume_seconds": 1.0})
        async with running(settings_in(tmp_path, limits=limits)) as (url, server):
            async with opened(url) as page:
                page.socket.transport.abort()
            async with opened(url) as other:
                other.socket.transport.abort()
            async with websockets.connect(f"{url}/v1/ws") as third:
                await third.send('{"type": "hello", "version": 1}')
                assert json.loads(await third.recv())["type"] == "busy"
            async with opened(url, resume=page.welcome["resume"], last_seq=0) as again:
                assert again.welcome["resumed"]
                await poll(lambda: len(server.sessions) == 1)
                async with opened(url) as third:
                    assert not third.welcome["resumed"]
            await poll(lambda: not len(server.sessions))
            assert not len(server.sessions.places)
            assert not len(server.handler.places)

    asyncio.run(main())


def test_full_server_opens_no_room(tmp_path):
    """Its first member is told to come back."""

    async def main():
        settings = settings_in(tmp_path, limits=Limits(sessions=1), system=SystemSettings(enable_proxy=True))
        async with running(settings) as (url, server):
            async with opened(url) as page:
                await page.send(type="ping")
            async with websockets.connect(f"{url}/proxy-ws") as member:
                assert "full" in json.loads(await member.recv())["message"]
            await poll(lambda: not len(server.sessions))
            async with websockets.connect(f"{url}/proxy-ws") as member:
                assert json.loads(await member.recv())["type"] != "error"

    asyncio.run(main())


async def pongs_of(page, pings):
    """Send pings at once, and a word that everybody may say; how many are answered."""
    for _ in range(pings):
        await page.send(type="ping")
    answered = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            while True:
                await page.until("pong", 1)
                answered += 1
    return answered


def test_coming_back_gives_no_new_burst(tmp_path):
    """A session has one rate over all its connections."""

    async def main():
        limits = Limits(messages_per_second=0.1, messages_burst=10, resume_seconds=5)
        async with running(settings_in(tmp_path, limits=limits)) as (url, _):
            async with opened(url) as page:
                assert await pongs_of(page, 20) == 10
                page.socket.transport.abort()
            async with opened(url, resume=page.welcome["resume"], last_seq=page.seen[-1].get("seq", 0)) as again:
                assert again.welcome["resumed"]
                assert await pongs_of(again, 20) == 0
            async with opened(url) as other:
                assert await pongs_of(other, 20) == 10

    asyncio.run(main())


def test_address_has_one_rate_for_all_its_sessions(tmp_path):
    """Also for those that begin when others have ended; each is told once."""

    async def main():
        limits = Limits(messages_per_second_per_address=5, resume_seconds=0)
        async with running(settings_in(tmp_path, limits=limits)) as (url, _):
            answered = 0
            for _ in range(3):
                async with opened(url) as page:
                    answered += await pongs_of(page, 15)
                    await page.send(type="bye")
            assert 15 <= answered <= 25
            assert [one["code"] for one in page.seen if one["type"] == "error"] == ["too-fast"]

    asyncio.run(main())


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo"]
)
def test_who_does_not_ask_in_time_is_let_go(tmp_path, monkeypatch, sent):
    """Nothing, half a request, and half a second one."""

    async def main():
        monkeypatch.setattr(http_protocol, "ASK_SECONDS", 0.3)
        async with running(settings_in(tmp_path)) as (url, _):
            sockets = len(psutil.Process().net_connections())
            reader, writer = await asyncio.open_connection(*address_of(url))
            writer.write(sent)
            async with asyncio.timeout(3):
                with suppress(ConnectionError):
                    await reader.read()
                    while not reader.at_eof():
                        await reader.read()
            writer.close()
            await poll(lambda: len(psutil.Process().net_connections()) == sockets)

    asyncio.run(main())


async def send_headers(reader, writer):
    """Send headers as long as the server takes them."""
    writer.write(b"GET / HTTP/1.1\r\n")
    async with asyncio.timeout(5):
        for number in range(10_000):
            writer.write(b"x-%d: %s\r\n" % (number, b"x" * 1_000))
            await writer.drain()
        await reader.read()


def test_headers_without_end_are_let_go(tmp_path):
    """They do not fill the memory."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            reader, writer = await asyncio.open_connection(*address_of(url))
            with pytest.raises(ConnectionError):
                await send_headers(reader, writer)
            writer.close()

    asyncio.run(main())


def test_page_that_is_slow_between_requests_is_served(tmp_path, monkeypatch):
    """A connection that asks in time is kept, and a WebSocket is not timed at all."""

    async def main():
        monkeypatch.setattr(http_protocol, "ASK_SECONDS", 0.4)
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            reader, writer = await asyncio.open_connection(*address_of(url))
            for _ in range(4):
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"200" in await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"}")
                await asyncio.sleep(0.25)
            writer.close()
            await page.send(type="ping")
            await page.until("pong")

    asyncio.run(main())


async def is_served(url):
    """Whether a new connection is answered."""
    reader, writer = await asyncio.open_connection(*address_of(url))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    try:
        return b"200" in await reader.read()
    except ConnectionError:
        return False
    finally:
        writer.close()


def test_connections_of_one_address_that_do_not_ask_are_bounded(tmp_path):
    """One too many is closed; the pages that are open do not count among them."""

    async def main():
        limits = Limits(sessions_per_address=3)
        async with running(settings_in(tmp_path, limits=limits)) as (url, _), opened(url):
            lines = [await asyncio.open_connection(*address_of(url)) for _ in range(4)]
            async with asyncio.timeout(3):
                with suppress(ConnectionError):
                    assert await lines[3][0].read() == b""
            lines[0][1].close()
            async with asyncio.timeout(3):
                while not await is_served(url):  # until the server has noticed
                    await asyncio.sleep(0.02)
            for _, line in lines:
                line.close()

    asyncio.run(main())


def test_pages_that_come_together_are_all_let_in(tmp_path):
    """Also those behind one that leaves while it waits for its turn."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server):

            async def leave():
                _, writer = await asyncio.open_connection(*address_of(url))
                writer.write(b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                await writer.drain()
                writer.transport.abort()

            async def come():
                async with opened(url) as page:
                    await page.send(type="ping")
                    await page.until("pong")

            async with asyncio.TaskGroup() as group:
                for number in range(60):
                    group.create_task(come() if number % 3 else leave())
            await poll(lambda: not len(server.handler.places))
            await come()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "origin", "system", "is_let_in"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000", {}, True),
        ("[::1]:8000", "http://[::1]:8000", {}, True),
        ("localhost:8000", "http://localhost:8000", {}, True),
        ("evil.example:8000", "http://evil.example:8000", {}, False),
        ("chat.example", "https://chat.example", {"host": "chat.example"}, True),
        ("chat.example", "https://chat.example", {"allowed_origins": ("https://chat.example",)}, True),
        ("chat.example", "https://chat.example", {"token": "secret"}, True),
    ],
)
def test_page_under_a_name_that_others_can_point_here_is_refused(tmp_path, host, origin, system, is_let_in):
    """DNS rebinding: the page's origin and our host are one. It is told what the operator can do."""

    async def main():
        settings = settings_in(tmp_path, system=SystemSettings(**system))
        async with (
            running(settings) as (url, _),
            websockets.connect(
                f"ws://{host}/v1/ws", origin=origin, host="127.0.0.1", port=address_of(url)[1], ping_interval=None
            ) as socket,
        ):
            if is_let_in:
                await socket.send('{"type": "hello", "version": 1, "token": "secret"}')
                assert json.loads(await socket.recv())["type"] == "welcome"
            else:
                told = json.loads(await socket.recv())
                assert told["code"] == "unknown-name"
                assert "allowed_origins" in told["text"]
                with pytest.raises(websockets.ConnectionClosed):
                    await socket.recv()
                assert socket.close_code == 1008

    asyncio.run(main())
