"""Every departure from a server that speaks lines over plain TCP."""

import asyncio

import pytest

from overstay.visits import Departure

TALK = """
    async def visit(client):
        await client.connect()
        assert await client.receive() == "welcome"
        await client.send("a question")
        async with client.reply():
            await client.expect("done")
"""


async def answer_in_parts(peer):
    """Welcome the client, answer its first line in two parts, and watch how it leaves."""
    await peer.send(b"welcome\r\n")
    line = await peer.read_to(b"\n")
    peer.head = line
    if line.endswith(b"\n"):
        await peer.send(b"part 1\n")
        await asyncio.sleep(0.05)
        if not peer.end:
            await peer.send(b"done\n")
    await peer.read_to_end()


def run(bench, departure, talk=answer_in_parts, body=TALK):
    async def main():
        async with bench.recording(talk) as server:
            driver = bench.driver(f"tcp://127.0.0.1:{server.port}", body)
            [record] = await driver.make([departure], first_n=1)
            await driver.aclose()
            await server.all_done()
            return record, server.peers

    record, peers = asyncio.run(main())
    assert record.problem is None, record
    return record, peers


@pytest.mark.parametrize(
    ("departure", "end"),
    [
        (Departure.CLOSE, "EOF"),
        (Departure.RESET, "RST"),
        (Departure.HALF_CLOSE, "EOF"),
        (Departure.MID_REPLY, "EOF"),
    ],
)
def test_end_of_the_conversation(bench, departure, end):
    """The server sees the whole question and the departure's own end."""

    async def talk(peer):
        await answer_in_parts(peer)
        peer.sock.close()

    record, [peer] = run(bench, departure, talk)
    assert (peer.head, peer.end) == (b"a question\n", end)
    assert record.exercised
    assert record.connections[0].sessions == 1


def test_going_away_does_not_apply_to_plain_tcp(bench):
    """There is no close frame to say it with."""
    record, _ = run(bench, Departure.GOING_AWAY)
    assert (record.exercised, record.why_not) == (False, "visit.why-no-close-frame")


def test_mid_upload_is_half_a_line(bench):
    """EOF comes inside the line that the visit would have sent."""
    record, [peer] = run(bench, Departure.MID_UPLOAD)
    assert (peer.head, peer.end) == (b"a ques"[:5], "EOF")
    assert record.exercised


def test_mid_upload_of_a_visit_that_sends_nothing_is_not_exercised(bench):
    """Over plain TCP nobody but the visit file knows what a message is."""
    record, _ = run(bench, Departure.MID_UPLOAD, body=None)
    assert (record.exercised, record.why_not) == (False, "visit.why-no-upload")


def test_mid_handshake_is_fin_right_after_connecting(bench):
    """A server of plain TCP has a session as soon as it has a connection."""
    record, [peer] = run(bench, Departure.MID_HANDSHAKE)
    assert (peer.head, peer.end) == (b"", "EOF")
    assert record.connections[0].sessions == 1
    assert record.exercised


@pytest.mark.slow
@pytest.mark.parametrize("departure", [Departure.VANISH, Departure.SLOW_READER])
def test_silent_departures_keep_the_socket_open_until_the_driver_closes(bench, departure):
    """The slow reader repeats its question before it falls silent, the vanished client does not."""

    async def main():
        async with bench.recording(answer_in_parts) as server:
            driver = bench.driver(f"tcp://127.0.0.1:{server.port}", TALK)
            [record] = await driver.make([departure], first_n=1)
            [peer] = server.peers
            await asyncio.wait(server.talks, timeout=0.3)
            assert (peer.end, peer.tcp_state) == (None, bench.ESTABLISHED)
            questions = peer.data.count(b"a question\n")
            await driver.aclose()
            await server.all_done()
            return record, questions

    record, questions = asyncio.run(main())
    assert record.exercised
    assert questions == (64 if departure is Departure.SLOW_READER else 0)


def test_a_piece_without_a_line_end_is_received_when_nothing_follows(bench):
    """Servers that speak no lines can be visited, too."""

    async def talk(peer):
        await peer.send(b"user name: ")
        assert await peer.read_to(b"\n") == b"me\n"
        await peer.send(b"\xff\xfe raw\nlast words")
        peer.sock.close()

    body = """
        async def visit(client):
            await client.connect()
            assert await client.receive() == "user name: "
            await client.send("me")
            assert await client.receive() == b"\\xff\\xfe raw"
            assert await client.receive() == "last words"
            assert await client.receive() is None
    """
    record, _ = run(bench, Departure.CLOSE, talk, body)
    assert record.exercised
