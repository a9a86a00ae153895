"""Every departure from a WebSocket, as the server's socket sees it."""

import asyncio
import time

import pytest

from overstay.visits import Departure

TALK = """
    async def visit(client):
        await client.connect()
        await client.expect("welcome")
        await client.send("a question")
        async with client.reply():
            await client.expect("done")
"""


async def answer_in_parts(peer):
    """Welcome the client, answer its first message in two parts, and watch how it leaves."""
    await peer.accept_websocket()
    if peer.end:
        return
    await peer.say("welcome")
    heard = await peer.hear()
    if heard is not None and heard.opcode == 1:
        await peer.say("part 1")
        await asyncio.sleep(0.05)
        if not peer.end:
            await peer.say("done")
    elif heard is not None:
        await peer.send(b"\x88\x02\x03\xe8")
    await peer.read_to_end()


def run(bench, departure, talk=answer_in_parts, body=TALK):
    async def main():
        async with bench.recording(talk) as server:
            record = await bench.visit(f"ws://127.0.0.1:{server.port}/ws?room=1", departure, body)
            await server.all_done()
            return record, server.peers

    record, peers = asyncio.run(main())
    assert record.problem is None, record
    return record, peers


def test_close_sends_1000_and_waits_for_the_echo_before_fin(bench):
    """Between Close 1000 and FIN lies the server's echo."""
    order = []

    body = TALK.replace('"done"', '"part"')

    async def talk(peer):
        await peer.accept_websocket()
        await peer.say("welcome")
        await peer.hear()
        await peer.say("part")
        close = await peer.hear()
        order.append(("close", close.close_code))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.read(), 0.2)
        order.append(("end before the echo", peer.end))
        await peer.send(b"\x88\x02\x03\xe8")
        await peer.read_to_end()

    record, [peer] = run(bench, Departure.CLOSE, talk, body)
    assert order == [("close", 1000), ("end before the echo", None)]
    assert peer.end == "EOF"
    assert peer.frames == []
    assert record.exercised
    assert record.left - record.opened > 0.2


@pytest.mark.slow
def test_close_gives_up_on_a_server_that_never_echoes(bench):
    """FIN follows after a while even without the echo."""
    record, [peer] = run(bench, Departure.CLOSE)
    assert [frame.close_code for frame in peer.frames] == [1000]
    assert peer.end == "EOF"
    assert record.left - record.opened > 2


def test_going_away_sends_1001_and_fin_at_once(bench):
    """A closing tab does not wait for an echo."""
    record, [peer] = run(bench, Departure.GOING_AWAY)
    assert [frame.close_code for frame in peer.frames] == [1001]
    assert peer.end == "EOF"
    assert record.exercised
    assert record.left - record.opened < 2


def test_reset_is_a_real_rst_after_the_conversation(bench):
    """The server's read fails with ECONNRESET, and no close frame came."""
    record, [peer] = run(bench, Departure.RESET)
    assert peer.end == "RST"
    assert peer.frames == []
    assert record.exercised


def test_half_close_sends_fin_and_reads_on(bench):
    """The server sees EOF, may still send without an error, and ends the connection itself."""
    sent = []

    async def talk(peer):
        await answer_in_parts(peer)
        for number in range(5):
            await peer.say(f"still there? {number}")
            sent.append(peer.tcp_state)
            await asyncio.sleep(0.02)
        peer.sock.close()

    record, [peer] = run(bench, Departure.HALF_CLOSE, talk)
    assert peer.end == "EOF"
    assert peer.frames == []
    close_wait = 8
    assert sent == [close_wait] * 5
    assert record.exercised
    assert record.left - record.opened < 2


@pytest.mark.slow
def test_mid_reply_is_fin_between_the_parts_of_a_reply(bench):
    """Nothing but EOF comes after the first part, and the rest of the reply meets a closed socket."""
    fate = []

    async def talk(peer):
        await peer.accept_websocket()
        await peer.say("welcome")
        await peer.hear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.read(), 0.2)
        await peer.say("part 1")
        await peer.read_to_end()
        await peer.say("done")
        async with asyncio.timeout(5):
            while True:
                try:
                    await peer.say("anybody?")
                except OSError as err:
                    fate.append(type(err))
                    return
                await asyncio.sleep(0.005)

    record, [peer] = run(bench, Departure.MID_REPLY, talk)
    assert peer.end == "EOF"
    assert peer.frames == []
    assert fate[0] in {ConnectionResetError, BrokenPipeError}
    assert record.exercised


def test_mid_reply_without_a_reply_block_is_listed_as_not_exercised(bench):
    """A WebSocket visit that marks no reply leaves by a plain close and says why."""
    record, [peer] = run(bench, Departure.MID_REPLY, body=None)
    assert (record.exercised, record.why_not) == (False, "visit.why-no-reply")
    assert [frame.close_code for frame in peer.heard] == [1000]


def test_mid_upload_announces_a_whole_frame_and_sends_half(bench):
    """The frame's header announces all of the visit's message; half of it comes, then EOF."""
    record, [peer] = run(bench, Departure.MID_UPLOAD)
    [frame] = peer.frames
    assert (frame.opcode, frame.announced, frame.payload) == (1, len("a question"), b"a que")
    assert peer.end == "EOF"
    assert record.exercised


def test_mid_upload_of_a_visit_that_sends_nothing_begins_a_message_of_its_own(bench):
    """Any WebSocket can be left in the middle of a frame."""
    record, [peer] = run(bench, Departure.MID_UPLOAD, body=None)
    [frame] = peer.frames
    assert frame.opcode == 1
    assert 0 < len(frame.payload) == frame.announced // 2
    assert peer.end == "EOF"
    assert record.exercised


def test_mid_handshake_is_half_a_request(bench):
    """FIN comes inside the request's head, and the server has no session."""
    record, [peer] = run(bench, Departure.MID_HANDSHAKE)
    assert peer.head.startswith(b"GET /ws?room=1 HTTP/1.1\r\n")
    assert b"\r\n\r\n" not in peer.head
    assert peer.end == "EOF"
    assert [connection.sessions for connection in record.connections] == [0]
    assert record.exercised


@pytest.mark.slow
def test_vanish_is_silence_until_the_driver_closes(bench):
    """No pong, no FIN, no RST, and the socket stays established."""

    async def talk(peer):
        await answer_in_parts_until_answered(peer)

    async def main():
        async with bench.recording(talk) as server:
            driver = bench.driver(f"ws://127.0.0.1:{server.port}", TALK)
            [record] = await driver.make([Departure.VANISH], first_n=1)
            [peer] = server.peers
            await server.all_done()
            await peer.send(b"\x89\x02hi")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(peer.read(), 0.3)
            assert (peer.data, peer.end, peer.tcp_state) == (b"", None, bench.ESTABLISHED)
            await driver.aclose()
            await asyncio.wait_for(peer.read_to_end(), 5)
            return record

    record = asyncio.run(main())
    assert record.exercised
    assert record.connections[0].sessions == 1


async def answer_in_parts_until_answered(peer):
    """As answer_in_parts, but leave the end to the test."""
    await peer.accept_websocket()
    await peer.say("welcome")
    await peer.hear()
    await peer.say("part 1")
    await peer.say("done")


@pytest.mark.slow
def test_slow_reader_fills_the_servers_buffers_and_stays(bench):
    """The client repeats its message and reads nothing, so the server's sends end up waiting."""
    heard = []

    async def talk(peer):
        await peer.accept_websocket()
        await peer.say("welcome")
        while (frame := await peer.hear()) is not None:
            heard.append(frame.payload)
            async with asyncio.timeout(1):
                for _ in range(8):
                    await peer.say("x" * 60000)

    async def main():
        async with bench.recording(talk) as server:
            driver = bench.driver(f"ws://127.0.0.1:{server.port}", TALK)
            begun = time.monotonic()
            [record] = await driver.make([Departure.SLOW_READER], first_n=1)
            assert time.monotonic() - begun < 5
            with pytest.raises(TimeoutError):  # the server's own: its send does not get through
                await server.all_done()
            [peer] = server.peers
            assert (peer.end, peer.tcp_state) == (None, bench.ESTABLISHED)
            await driver.aclose()
            await asyncio.wait_for(peer.read_to_end(), 5)
            assert len(peer.data) + len(heard) > 8
            return record

    record = asyncio.run(main())
    assert record.problem is None
    assert record.exercised
    assert set(heard) == {b"a question"}
    assert len(heard) > 1


def test_pings_are_answered_while_the_client_is_alive(bench):
    """A visit that does something else in between still answers."""
    pongs = []

    async def talk(peer):
        await peer.accept_websocket()
        await peer.send(b"\x89\x02hi")
        pongs.append(await peer.hear())
        await peer.say("go on")
        await peer.read_to_end()

    body = """
        import asyncio

        async def visit(client):
            await client.connect()
            await asyncio.sleep(0.1)
            await client.expect("go on")
    """
    run(bench, Departure.GOING_AWAY, talk, body)
    assert (pongs[0].opcode, pongs[0].payload) == (10, b"hi")
