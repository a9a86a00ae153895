"""Who is let in, and what one address may take: also of clients that come back, or never ask."""

import asyncio
import json
from contextlib import suppress

import psutil
import pytest
import websockets

from ai_chat import http_protocol
from ai_chat.admission import BusyProblem
from ai_chat.config_manager.settings import Limits, SystemSettings

from .running_server import opened, poll, running, settings_in

pytestmark = pytest.mark.slow
UPGRADE = (
    b"GET /client-ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


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


async def is_over(reader, seconds=5):
    """Whether the connection ends in this time, after whatever it still has to say."""
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(65_536):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_requests_at_once_leave_no_timer_behind(tmp_path, monkeypatch):
    """What comes later on their connection is not cut off."""

    async def main():
        monkeypatch.setattr(http_protocol, "ASK_SECONDS", 0.3)
        async with running(settings_in(tmp_path)) as (url, _):
            reader, writer = await asyncio.open_connection(*address_of(url))
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            for _ in range(2):
                await reader.readuntil(b"}")
            writer.write(UPGRADE)
            assert b"101" in await reader.readuntil(b"\r\n\r\n")
            assert not await is_over(reader, 1)
            writer.close()

    asyncio.run(main())


def test_who_does_not_read_its_answers_is_let_go(tmp_path, monkeypatch):
    """They wait in the server no longer than a request would."""

    async def main():
        monkeypatch.setattr(http_protocol, "ASK_SECONDS", 0.3)
        async with running(settings_in(tmp_path), send_buffer=4_096) as (url, _):
            reader, writer = await asyncio.open_connection(*address_of(url), limit=1_000)
            writer.write(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
            await asyncio.sleep(2)
            assert await is_over(reader)
            writer.close()

    asyncio.run(main())


@pytest.mark.parametrize("frame", [b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x00\x80\0\0\0\0"])
def test_frames_that_say_nothing_are_bounded(tmp_path, frame):
    """Pings, pongs and empty continuations without end: their connection is aborted, others do not notice."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as other:
            reader, writer = await asyncio.open_connection(*address_of(url))
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"\x01\x80\0\0\0\0")  # the message that the continuations go on with
            writer.write(frame * 3_000)
            assert await is_over(reader)
            writer.close()
            await other.send(type="ping")
            await other.until("pong")

    asyncio.run(main())


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
def test_only_a_trusted_proxy_says_where_clients_are(tmp_path, proxies):
    """Else every client could name an address of its own."""

    async def main():
        settings = settings_in(
            tmp_path, limits=Limits(sessions_per_address=1), system=SystemSettings(trusted_proxies=proxies)
        )
        async with running(settings) as (url, _), opened(url):
            forwarded = {"X-Forwarded-For": "10.0.0.1"}
            async with websockets.connect(f"{url}/client-ws", additional_headers=forwarded) as socket:
                told = json.loads(await socket.recv())
                assert (told["type"] == "error") is (not proxies)

    asyncio.run(main())


def test_flood_of_before_is_forgiven_after_a_resume(tmp_path):
    """Once the client is quiet it is heard again."""

    async def main():
        limits = Limits(messages_per_second=20, messages_burst=5, resume_seconds=5)
        async with running(settings_in(tmp_path, limits=limits)) as (url, _):
            async with opened(url) as page:
                with pytest.raises(websockets.ConnectionClosed):
                    await pongs_of(page, 200)
            await asyncio.sleep(0.3)
            last = max((one.get("seq", 0) for one in page.seen), default=0)
            async with opened(url, resume=page.welcome["resume"], last_seq=last) as again:
                assert again.welcome["resumed"]
                await again.send(type="ping")
                await again.until("pong")

    asyncio.run(main())


def test_one_address_does_not_take_every_turn(tmp_path):
    """It gets half of those that run and wait."""

    async def main():
        async with running(settings_in(tmp_path, limits=Limits(turns=2, turns_waiting=4))) as (url, server):
            gate = server.sessions.turns
            async with opened(url) as page:
                async with gate.slot("there"), gate.slot("there"):
                    await page.send(type="say", id="a", text="hello")
                    await poll(lambda: gate.waiting == 1)
                    third = asyncio.create_task(gate.slot("there").__aenter__())
                    await poll(lambda: gate.waiting == 2)
                    with pytest.raises(BusyProblem):
                        await gate.slot("there").__aenter__()
                    third.cancel()
                assert (await page.until("turn.end"))["reason"] == "done"

    asyncio.run(main())


@pytest.mark.parametrize("origin", ["http://[", "null"])
def test_origin_that_is_no_address_is_refused(tmp_path, origin):
    """With 403, as every foreign one."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            with pytest.raises(websockets.InvalidStatus, match="403"):
                await websockets.connect(f"{url}/v1/ws", origin=origin)

    asyncio.run(main())


def test_handshake_that_is_too_long_is_let_go(tmp_path):
    """Nobody would answer it."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _):
            reader, writer = await asyncio.open_connection(*address_of(url))
            writer.write(UPGRADE.replace(b"Host: x", b"Host: x\r\nOrigin: " + b"x" * 9_000))
            assert await is_over(reader)
            writer.close()

    asyncio.run(main())


def test_pages_that_come_together_are_all_let_in(tmp_path):
    """Also those behind one that leaves while it waits for its turn."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, server):

            async def leave():
                _, writer = await asyncio.open_connection(*address_of(url))
                writer.write(UPGRADE)
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
