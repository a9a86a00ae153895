"""Servers that cannot be visited, and URLs that cannot be used."""

import asyncio
import socket

import pytest

from overstay.errors import TargetError, UsageError
from overstay.visits import Destination


def problem_with(bench, talk, scheme="ws", **options):
    async def main():
        async with bench.recording(talk) as server:
            record = await bench.visit(f"{scheme}://127.0.0.1:{server.port}/x", **options)
            await server.all_done()
            return record

    record = asyncio.run(main())
    assert isinstance(record.problem, TargetError)
    assert not record.exercised
    return record


@pytest.mark.parametrize("scheme", ["ws", "http"])
@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_refusal_is_reported_with_its_status(bench, scheme, status):
    """The server has seen the client, so it counts as a session."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status)
        await peer.read_to_end()

    record = problem_with(bench, talk, scheme)
    assert record.problem.slug == "visit.refused"
    assert record.problem.values["status"] == status
    assert record.problem.values["url"].endswith("/x")
    assert record.connections[0].sessions == 1


@pytest.mark.parametrize("url", ["ws://127.0.0.1:{}", "http://localhost:{}/", "tcp://127.0.0.1:{}"])
def test_nobody_listening_is_reported(bench, url):
    """The operating system's reason is quoted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    record = asyncio.run(bench.visit(url.format(port)))
    assert record.problem.slug == "visit.no-connection"
    assert record.problem.values["error"] == "Connection refused"
    assert record.connections == ()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "a..b"])
def test_unknown_host_is_reported(bench, host):
    """A name without an address is no reason to stop with a traceback."""
    record = asyncio.run(bench.visit(f"ws://{host}:80"))
    assert record.problem.slug == "visit.no-connection"


def test_a_server_that_speaks_something_else_is_reported(bench):
    """A handshake is answered by something that is no HTTP."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"220 mail.example ESMTP\r\n\r\n")
        await peer.read_to_end()

    assert problem_with(bench, talk).problem.slug == "visit.no-handshake"
    assert problem_with(bench, talk, "http").problem.slug == "visit.garbled"


def test_a_server_that_ends_in_the_handshake_is_reported(bench):
    """FIN and RST are told apart."""

    async def hang_up(peer):
        await peer.read_to(b"\r\n\r\n")
        peer.sock.close()

    async def slam(peer):
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        await hang_up(peer)

    assert problem_with(bench, hang_up).problem.values["error"] == "FIN"
    assert problem_with(bench, slam).problem.values["error"] == "RST"
    assert problem_with(bench, hang_up, "http").problem.slug == "visit.ended-by-server"


@pytest.mark.slow
def test_a_server_that_never_answers_is_reported(bench):
    """A single wait has a limit."""

    async def talk(peer):
        await peer.read_to_end()

    for scheme in ("ws", "http"):
        record = problem_with(bench, talk, scheme, timeout=0.2)
        assert record.problem.slug == "visit.no-reply"
        assert record.problem.values["seconds"] == 0.2


def test_broken_frames_are_reported(bench):
    """A reserved opcode is the server's fault, not the visit file's."""

    async def talk(peer):
        await peer.accept_websocket()
        await peer.send(b"\x83\x01x")
        await peer.read_to_end()

    record = problem_with(bench, talk, body="async def visit(c):\n    await c.connect()\n    await c.receive()\n")
    assert record.problem.slug == "visit.garbled"


def test_broken_chunks_are_reported(bench):
    """A reply that breaks HTTP is told apart from one that ends early."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        await peer.read_to_end()

    assert problem_with(bench, talk, "http").problem.slug == "visit.garbled"


def test_a_reply_that_is_cut_off_is_reported(bench):
    """Fewer bytes than announced are no whole reply."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        peer.sock.close()

    assert problem_with(bench, talk, "http").problem.slug == "visit.ended-by-server"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://host/", "ws://", "ws://host:port/", "ws://host:99999", "tcp://host", "ws://["]
)
def test_url_that_cannot_be_visited_is_refused(url):
    """The error quotes what was given."""
    with pytest.raises(UsageError) as caught:
        Destination(url)
    assert (caught.value.slug, caught.value.values) == ("visit.bad-url", {"url": url})


@pytest.mark.parametrize(
    ("option", "text", "slug"),
    [
        ("headers", "no colon", "visit.bad-header"),
        ("headers", "bad name: x", "visit.bad-header"),
        ("headers", "X: a\r\nInjected: b", "visit.bad-header"),
        ("cookies", "no-equals-sign", "visit.bad-cookie"),
        ("cookies", "=value", "visit.bad-cookie"),
    ],
)
def test_header_or_cookie_that_is_none_is_refused(option, text, slug):
    """What would break the request is refused before anything is sent."""
    with pytest.raises(UsageError) as caught:
        Destination.of("ws://host", **{option: [text]})
    assert caught.value.slug == slug


def test_command_line_words_become_headers_and_cookies():
    """Spaces around the separators do not count."""
    destination = Destination.of("ws://host", headers=["A:  b: c "], cookies=["x=y=z"], subprotocols=["p"])
    assert destination.headers == (("A", "b: c"),)
    assert destination.cookies == (("x", "y=z"),)
    assert destination.subprotocols == ("p",)


@pytest.mark.parametrize(
    ("url", "path", "as_http", "expected"),
    [
        ("ws://host/a/b", None, False, "ws://host/a/b"),
        ("ws://host/a/b?c=d", "/e", False, "ws://host/e"),
        ("wss://host/a/b", "c?d=e f", False, "wss://host/a/c?d=e%20f"),
        ("wss://host/a", "/login", True, "https://host/login"),
        ("ws://host:8000/a", "http://host:8000/b", False, "http://host:8000/b"),
        ("tcp://host:1", None, False, "tcp://host:1"),
        ("tcp://[::1]:1", "/x", True, "http://[::1]:1/x"),
        ("http://host/你好", None, False, "http://host/%E4%BD%A0%E5%A5%BD"),
    ],
)
def test_paths_are_found_on_the_same_server(url, path, as_http, expected):
    """Relative to the URL of the command line; a WebSocket server is asked over HTTP at the same port."""
    assert str(Destination(url).at(path, as_http=as_http)) == expected
