"""Every departure from a plain HTTP server, as the server's socket sees it."""

import asyncio

import pytest

from overstay.visits import Departure

POST = """
    async def visit(client):
        await client.connect(method="POST", body="0123456789")
        assert await client.receive() == "hello"
        assert await client.receive() is None
"""


async def hello(peer):
    """Answer one request after the other with a whole reply until the client ends."""
    while peer.end is None:
        head = await peer.read_to(b"\r\n\r\n")
        peer.head += head
        if not head.endswith(b"\r\n\r\n"):
            return
        length = 10 if b"ontent-" in head else 0
        while len(peer.data) < length and not peer.end:
            await peer.read()
        if peer.end:
            return
        peer.data = peer.data[length:]
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await peer.read()


async def drip(peer):
    """Send an endless stream of server-sent events."""
    peer.head = await peer.read_to(b"\r\n\r\n")
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    await peer.send(b"d\r\ndata: first\n\n\r\n")
    await peer.read_to_end()


def run(bench, departure, talk=hello, body=None):
    async def main():
        async with bench.recording(talk) as server:
            record = await bench.visit(f"http://127.0.0.1:{server.port}/a?b=c", departure, body)
            await server.all_done()
            return record, server.peers

    record, peers = asyncio.run(main())
    assert record.problem is None, record
    return record, peers


def test_close_reads_the_whole_reply_then_sends_fin(bench):
    """The server sees one request and EOF."""
    record, [peer] = run(bench, Departure.CLOSE)
    assert peer.head.startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert peer.end == "EOF"
    assert record.exercised
    assert record.connections[0].sessions == 1
    assert record.connections[0].port == peer.port
    assert record.connections[0].path == "/a?b=c"
    assert record.connect_s > 0
    assert record.first_reply_s > 0


def test_going_away_does_not_apply_to_plain_http(bench):
    """The client leaves by a plain close and says that there is no close frame."""
    record, [peer] = run(bench, Departure.GOING_AWAY)
    assert (record.exercised, record.why_not) == (False, "visit.why-no-close-frame")
    assert peer.end == "EOF"


def test_reset_is_a_real_rst_on_the_kept_alive_connection(bench):
    """The whole reply is read before."""
    record, [peer] = run(bench, Departure.RESET, body=POST)
    assert peer.end == "RST"
    assert record.exercised


def test_half_close_reads_on_until_the_server_ends(bench):
    """After FIN an endless reply is still read."""
    sent = []

    async def talk(peer):
        await drip(peer)
        for _ in range(5):
            await peer.send(b"1\r\nx\r\n")
            sent.append(peer.tcp_state)
            await asyncio.sleep(0.02)
        peer.sock.close()

    record, [peer] = run(bench, Departure.HALF_CLOSE, talk)
    assert peer.end == "EOF"
    assert len(sent) == 5
    assert len(set(sent)) == 1
    assert record.exercised


def test_mid_reply_leaves_when_the_head_has_come(bench):
    """FIN comes while the server still writes its reply."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        await peer.read_to_end()

    record, [peer] = run(bench, Departure.MID_REPLY, talk)
    assert peer.end == "EOF"
    assert record.exercised
    assert record.connections[0].sessions == 1


def test_mid_reply_to_an_instant_reply_leaves_right_after_asking_once_more(bench):
    """When the reply was complete at the first look, a second request is left without reading."""
    record, peers = run(bench, Departure.MID_REPLY)
    assert len(peers) == 2
    assert all(peer.head.startswith(b"GET /a?b=c") for peer in peers)
    assert [connection.sessions for connection in record.connections] == [1, 1]
    assert record.exercised


def test_mid_reply_needs_no_second_request_once_replies_are_known_to_be_instant(bench):
    """Earlier visits teach that there is no middle to leave in."""

    async def main():
        async with bench.recording(hello) as server:
            driver = bench.driver(f"http://127.0.0.1:{server.port}")
            await driver.make([Departure.CLOSE], first_n=1)
            [record] = await driver.make([Departure.MID_REPLY], first_n=2)
            await server.all_done()
            return record

    record = asyncio.run(main())
    assert [connection.sessions for connection in record.connections] == [1]
    assert record.exercised


def test_mid_upload_announces_the_whole_body_and_sends_half(bench):
    """EOF comes in the middle of the request's body."""
    record, [peer] = run(bench, Departure.MID_UPLOAD, body=POST)
    assert b"ontent-Length: 10\r\n" in peer.head
    assert (peer.data, peer.end) == (b"01234", "EOF")
    assert record.exercised


def test_mid_upload_without_a_body_is_listed_as_not_exercised(bench):
    """A GET has nothing to stop in the middle of."""
    record, [peer] = run(bench, Departure.MID_UPLOAD)
    assert (record.exercised, record.why_not) == (False, "visit.why-no-upload")
    assert peer.end == "EOF"


def test_mid_handshake_is_half_a_request(bench):
    """No request was sent whole, so the server has no session."""
    record, [peer] = run(bench, Departure.MID_HANDSHAKE)
    assert peer.head.startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert not peer.head.endswith(b"\r\n\r\n")
    assert peer.end == "EOF"
    assert record.connections[0].sessions == 0
    assert record.exercised


@pytest.mark.slow
@pytest.mark.parametrize("departure", [Departure.VANISH, Departure.SLOW_READER])
def test_silent_departures_keep_the_socket_open_until_the_driver_closes(bench, departure):
    """The server sees nothing at all after the request."""

    async def main():
        async with bench.recording(drip) as server:
            driver = bench.driver(f"http://127.0.0.1:{server.port}")
            [record] = await driver.make([departure], first_n=1)
            [peer] = server.peers
            await asyncio.wait(server.talks, timeout=0.3)
            assert (peer.end, peer.tcp_state) == (None, bench.ESTABLISHED)
            await driver.aclose()
            await server.all_done()
            return record

    record = asyncio.run(main())
    assert record.problem is None
    assert record.exercised


@pytest.mark.slow
def test_a_slow_reader_stops_an_endless_reply(bench):
    """The server's writes wait once the tiny buffer of the client and its own are full."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        async with asyncio.timeout(1):
            while True:
                await peer.send(b"x" * 65536)

    async def main():
        async with bench.recording(talk) as server:
            driver = bench.driver(f"http://127.0.0.1:{server.port}")
            [record] = await driver.make([Departure.SLOW_READER], first_n=1)
            with pytest.raises(TimeoutError):
                await server.all_done()
            assert server.peers[0].tcp_state == bench.ESTABLISHED
            await driver.aclose()
            return record

    assert asyncio.run(main()).exercised


def test_an_event_stream_is_left_after_its_first_event(bench):
    """A visit without a file does not wait for the end of a reply that has none."""
    record, [peer] = run(bench, Departure.CLOSE, drip)
    assert peer.end == "EOF"
    assert record.exercised
    assert record.left - record.opened < 1


def test_requests_share_a_kept_alive_connection(bench):
    """Two requests of one visit are two sessions on one connection."""
    body = """
        async def visit(client):
            await client.connect("/one")
            await client.greeting()
            await client.connect("/two")
            assert await client.expect("hel") == "hello"
    """
    record, [peer] = run(bench, Departure.CLOSE, hello, body)
    assert [connection.sessions for connection in record.connections] == [2]
    assert b"GET /one " in peer.head
    assert b"GET /two " in peer.head


def test_leaving_in_the_middle_happens_at_the_last_request_once_it_is_known(bench):
    """After one whole visit the driver knows that the second request is the last."""
    body = """
        async def visit(client):
            await client.connect("/one")
            await client.greeting()
            await client.connect("/two", body="0123456789")
            await client.greeting()
    """

    async def main():
        async with bench.recording(hello) as server:
            driver = bench.driver(f"http://127.0.0.1:{server.port}", body)
            await driver.make([Departure.CLOSE], first_n=1)
            records = await driver.make([Departure.MID_UPLOAD, Departure.MID_HANDSHAKE], first_n=2)
            await server.all_done()
            return records, server.peers

    (upload, handshake), peers = asyncio.run(main())
    heads = {peer.port: peer.head for peer in peers}
    assert b"POST /two " in heads[upload.connections[0].port]
    assert upload.connections[0].sessions == 2
    assert b"GET /one " in heads[handshake.connections[0].port]
    assert b"POST /two " in heads[handshake.connections[0].port]
    assert handshake.connections[0].sessions == 1


def test_reset_of_a_connection_that_the_server_ends_itself_is_not_exercised(bench):
    """With `Connection: close` there is nothing left to reset."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")
        await peer.read_to_end()

    record, _ = run(bench, Departure.RESET, talk)
    assert (record.exercised, record.why_not) == (False, "visit.why-ended-first")
