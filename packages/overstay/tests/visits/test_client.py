"""What a visit file can do with its client."""

import asyncio

from overstay.visits import Departure


def visit(bench, talk, body, scheme="ws", path="", **options):
    async def main():
        async with bench.recording(talk) as server:
            record = await bench.visit(
                f"{scheme}://127.0.0.1:{server.port}{path}", Departure.GOING_AWAY, body, **options
            )
            await server.all_done()
            return record, server.peers

    record, peers = asyncio.run(main())
    assert record.problem is None, record
    return record, peers


def test_messages_of_every_kind_go_out_in_one_frame_each(bench):
    """Text, bytes, and anything JSON-able; `client.n` tells visits apart."""

    async def talk(peer):
        await peer.accept_websocket()
        await peer.read_to_end()

    body = """
        async def visit(client):
            await client.connect()
            await client.send(f"visit {client.n}")
            await client.send(b"\\x00\\x01")
            await client.send({"text": "你好"})
            await client.send("x" * 70000)
    """
    _, [peer] = visit(bench, talk, body)
    *frames, close = peer.frames
    assert [(frame.opcode, frame.payload) for frame in frames] == [
        (1, b"visit 1"),
        (2, b"\x00\x01"),
        (1, '{"text": "你好"}'.encode()),
        (1, b"x" * 70000),
    ]
    assert close.close_code == 1001


def test_fragmented_and_large_messages_are_put_together(bench):
    """A message is what the server sent as one, however many frames and segments carried it."""

    async def talk(peer):
        await peer.accept_websocket()
        await peer.send(b"\x01\x03one" + b"\x89\x00" + b"\x00\x03two" + b"\x80\x05three")
        await peer.say("y" * 60000)
        await peer.send(b"\x82\x02\x00\xff")
        await peer.read_to_end()

    body = """
        async def visit(client):
            await client.connect()
            assert await client.receive() == "onetwothree"
            assert await client.receive() == "y" * 60000
            assert await client.receive() == b"\\x00\\xff"
    """
    visit(bench, talk, body)


def test_expect_takes_substrings_expressions_and_predicates(bench):
    """Each skips what does not fit; `until` returns what it skipped."""

    async def talk(peer):
        await peer.accept_websocket()
        for number in range(9):
            await peer.say(f"message {number}")
        await peer.read_to_end()

    body = """
        import re

        async def visit(client):
            await client.connect()
            assert await client.expect("1") == "message 1"
            assert await client.expect(re.compile(r"[34]$")) == "message 3"
            assert await client.expect(lambda message: message.endswith("5")) == "message 5"
            assert await client.until("8") == ["message 6", "message 7", "message 8"]
    """
    visit(bench, talk, body)


def test_headers_cookies_and_subprotocols_go_with_the_handshake(bench):
    """Headers of one connect replace those of the command line."""

    async def talk(peer):
        await peer.accept_websocket()
        await peer.read_to_end()

    body = """
        async def visit(client):
            await client.connect("chat?x=1", headers={"X-Two": "mine"})
    """
    _, [peer] = visit(
        bench,
        talk,
        body,
        path="/ws/old",
        headers=(("X-One", "1"), ("x-two", "2")),
        cookies=(("a", "b"), ("c", "d")),
        subprotocols=("chat.v2", "chat.v1"),
    )
    lines = peer.head.decode().lower().split("\r\n")
    assert lines[0] == "get /ws/chat?x=1 http/1.1"
    assert any(line.startswith("host: 127.0.0.1:") for line in lines)
    assert {"x-one: 1", "x-two: mine", "cookie: a=b; c=d", "sec-websocket-protocol: chat.v2, chat.v1"} <= set(lines)
    assert "x-two: 2" not in lines
    assert not any(line.startswith("sec-websocket-extensions") for line in lines)


def test_a_visit_may_log_in_over_http_before_its_websocket(bench):
    """A method or a body makes a request of it; every connection is recorded."""

    async def talk(peer):
        if not peer.heard:
            peer.head = await peer.read_to(b"\r\n\r\n")
            if b"POST /login" in peer.head:
                while b"}" not in peer.data:
                    await peer.read()
                await peer.send(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntok\r\n2\r\nen\r\n0\r\n\r\n"
                )
            else:
                peer.data = peer.head + peer.data
                await peer.accept_websocket()
        await peer.read_to_end()

    body = """
        async def visit(client):
            await client.connect("/login", body={"name": "me"})
            assert await client.until("token") == ["tok", "en"]
            await client.connect("/ws")
    """
    record, [login, chat] = visit(bench, talk, body)
    assert login.data == b'{"name": "me"}'
    assert b"content-type: application/json" in login.head.lower()
    assert chat.head.startswith(b"GET /ws ")
    assert [(c.path, c.sessions) for c in record.connections] == [("/login", 1), ("/ws", 1)]
    assert record.exercised


def test_events_of_a_stream_are_received_one_by_one(bench):
    """An event is a message, wherever the chunks end."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n")
        await peer.send("data: 你".encode()[:-1])
        await asyncio.sleep(0.02)
        await peer.send("data: 你".encode()[-1:] + b"\n\nevent: done\r\ndata: 2\r\n\r\n")
        await peer.read_to_end()

    body = """
        async def visit(client):
            await client.connect()
            assert await client.receive() == "data: 你"
            assert await client.expect("done") == "event: done\\r\\ndata: 2"
    """
    visit(bench, talk, body, scheme="http")


def test_first_reply_is_timed_from_the_first_message_sent(bench):
    """What the server said before does not count as a reply."""

    async def talk(peer):
        await peer.accept_websocket()
        await peer.say("welcome")
        await peer.hear()
        await asyncio.sleep(0.15)
        await peer.say("answer")
        await peer.read_to_end()

    body = """
        async def visit(client):
            await client.connect()
            await client.expect("welcome")
            await client.send("question")
            await client.expect("answer")
    """
    record, _ = visit(bench, talk, body)
    assert 0.1 < record.first_reply_s < 5
    assert 0 < record.connect_s < 5
    assert record.opened < record.left
