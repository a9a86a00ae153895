"""Many visits, and what becomes of their sockets."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from overstay.visits import SILENT, Departure


async def echo(peer):
    """Answer each message of a WebSocket client with two of its own, as long as it is there."""
    with contextlib.suppress(OSError):
        await answer(peer)


async def answer(peer):
    await peer.accept_websocket()
    while peer.end is None:
        frame = await peer.hear()
        if frame is None:
            return
        if frame.opcode == 8:
            await peer.send(b"\x88\x02\x03\xe8")
        else:
            await peer.say("part 1")
            await asyncio.sleep(0.02)
            if not peer.end:
                await peer.say("done")


TALK = """
    async def visit(client):
        await client.connect()
        await client.send(f"question {client.n}")
        async with client.reply():
            await client.expect("done")
"""


def open_sockets():
    """Count the sockets of this process."""
    links = []
    for fd in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(fd))
        except OSError:
            continue
    return sum(link.startswith("socket:") for link in links)


def test_records_come_in_order_and_name_the_ports_that_were_announced(bench):
    """`before_connect` hears each port before the server does; `on_done` hears each record."""
    announced, done = [], []

    async def main():
        async with bench.recording(echo) as server:

            async def announce(port):
                assert port not in [peer.port for peer in server.peers]
                announced.append(port)

            driver = bench.driver(f"ws://127.0.0.1:{server.port}", TALK)
            departures = [Departure.CLOSE, Departure.RESET, Departure.GOING_AWAY] * 4
            records = await driver.make(departures, first_n=7, before_connect=announce, on_done=done.append)
            await driver.aclose()
            await server.all_done()
            return departures, records, server.peers

    departures, records, peers = asyncio.run(main())
    assert [record.n for record in records] == list(range(7, 19))
    assert [record.departure for record in records] == departures
    assert all(record.exercised and record.problem is None for record in records)
    ports = [connection.port for record in records for connection in record.connections]
    assert sorted(ports) == sorted(announced) == sorted(peer.port for peer in peers)
    assert sorted(record.n for record in done) == [record.n for record in records]


def test_silent_clients_leave_room_for_others(bench):
    """With room for one visit at a time, clients that left silently do not keep it."""

    async def main():
        async with bench.recording(echo) as server:
            driver = bench.driver(f"ws://127.0.0.1:{server.port}", TALK, concurrency=1)
            records = await driver.make([*sorted(SILENT) * 2, Departure.CLOSE], first_n=1)
            still_open = [peer.end for peer in server.peers].count(None)
            await driver.aclose()
            await server.all_done()
            return records, still_open

    records, still_open = asyncio.run(main())
    assert all(record.exercised for record in records), records
    assert still_open == 4


def test_concurrency_bounds_the_visits_under_way(bench):
    """Never more connections at a time than asked for."""
    most = 0

    async def main():
        nonlocal most
        now = 0

        async def talk(peer):
            nonlocal now, most
            now += 1
            most = max(most, now)
            await echo(peer)
            now -= 1

        async with bench.recording(talk) as server:
            driver = bench.driver(f"ws://127.0.0.1:{server.port}", TALK, concurrency=3)
            await driver.make([Departure.RESET] * 9, first_n=1)
            await driver.aclose()

    asyncio.run(main())
    assert 1 <= most <= 4  # the server may notice the end of one visit after the beginning of the next


@pytest.mark.parametrize("after", [0.0, 0.001, 0.005, 0.02, 0.06])
def test_cancelling_closes_every_socket(bench, after):
    """Ctrl-C leaves nothing open, at whatever moment it comes."""

    async def main():
        before = open_sockets()
        async with bench.recording(echo) as server:
            driver = bench.driver(f"ws://127.0.0.1:{server.port}", TALK, concurrency=9)
            making = asyncio.create_task(driver.make(list(Departure), first_n=1))
            await asyncio.sleep(after)
            making.cancel()
            with pytest.raises(asyncio.CancelledError):
                await making
            await driver.aclose()
            await server.all_done()
        assert open_sockets() == before

    asyncio.run(main())


def test_closing_the_driver_ends_visits_under_way(bench):
    """A run that gives up needs not cancel its visits first."""

    async def main():
        async with bench.recording(echo) as server:
            driver = bench.driver(
                f"ws://127.0.0.1:{server.port}",
                "async def visit(client):\n    await client.connect()\n    await client.receive()\n",
            )
            making = asyncio.create_task(driver.make([Departure.CLOSE], first_n=1))
            await server.accepted(1)
            await driver.aclose()
            with pytest.raises(asyncio.CancelledError):
                await making
            await server.all_done()

    asyncio.run(main())


def test_a_failing_visit_does_not_keep_the_others(bench):
    """Its problem is in its record."""
    body = """
        async def visit(client):
            await client.connect()
            assert client.n != 2
    """

    async def main():
        async with bench.recording(echo) as server:
            driver = bench.driver(f"ws://127.0.0.1:{server.port}", body)
            records = await driver.make([Departure.RESET] * 3, first_n=1)
            await server.all_done()
            return records

    records = asyncio.run(main())
    assert [record.exercised for record in records] == [True, False, True]
    assert records[1].problem.slug == "visit.script-raised"
