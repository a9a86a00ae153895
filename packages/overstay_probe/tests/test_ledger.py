"""The ledger keeps nothing of the sessions that it has served, and tells overlapping ones apart."""

import asyncio
import gc
import sys
import textwrap

import pytest

SELF = """
import asyncio, gc, linecache, os, time, tracemalloc
import overstay_probe
from overstay_probe import _install
FOLDER = os.path.dirname(overstay_probe.__file__)

async def visit():
    with overstay_probe.session(path="/chat", client=("127.0.0.1", 50000)):
        await asyncio.create_task(asyncio.sleep(0))
        await asyncio.to_thread(int)
        with open("scratch", "w"):
            pass
        os.remove("scratch")
        asyncio.get_running_loop().call_later(60, print).cancel()

def ours():
    deadline = time.monotonic() + 5
    while "_Job" in (counted := count_ours()) and time.monotonic() < deadline:
        time.sleep(0.01)  # a pool's worker lets go of a job a moment after it is done
    return counted

def count_ours():
    gc.collect()
    counted = {}
    for thing in gc.get_objects():
        module = getattr(type(thing), "__module__", None)
        if isinstance(module, str) and module.startswith("overstay_probe"):
            counted[type(thing).__name__] = counted.get(type(thing).__name__, 0) + 1
    return counted

def allocated():
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, FOLDER + "/*")])
    return sum(statistic.size for statistic in snapshot.statistics("filename"))

async def sessions(count):
    for _ in range(count):
        await visit()
"""


def test_thousand_empty_sessions_leave_no_object_of_ours(printed):
    """After 1,000 sessions that end everything they start, the probe holds as many objects as after ten."""
    body = """
        async def main():
            overstay_probe.install()
            await sessions(10)
            before = ours()
            await sessions(1000)
            after = ours()
            print(sum(after.values()) - sum(before.values()), len(_install.ledger.open))
        asyncio.run(main())
    """
    assert printed(SELF + textwrap.dedent(body)) == ["0", "0"]


@pytest.mark.slow
def test_memory_of_the_probe_does_not_grow_with_sessions(printed):
    """Over 5,000 sessions what our own files have allocated grows by 0 ± 8 bytes per session."""
    body = """
        async def main():
            overstay_probe.install()
            await sessions(500)
            tracemalloc.start()
            await sessions(500)
            before = allocated()
            await sessions(5000)
            print((allocated() - before) / 5000)
        asyncio.run(main())
    """
    (growth,) = printed(SELF + textwrap.dedent(body))
    assert abs(float(growth)) <= 8


def test_context_of_an_ended_session_pins_an_integer_only(tmp_path):
    """A callback that keeps its context for ever keeps a number, not a record."""
    from overstay_probe import session
    from overstay_probe._ledger import current, ledger

    async def main():
        with session(path="/chat"):
            kept = asyncio.get_running_loop().call_later(3600, int)
            stay = ledger.open[current.get()]
        assert type(current.get()) is int
        referrers = [thing for thing in gc.get_referrers(stay) if thing is not sys._getframe()]
        kept.cancel()
        return [thing for thing in referrers if type(thing).__name__ != "frame" and not hasattr(thing, "cr_frame")]

    assert asyncio.run(main()) == []


OVERLAPPING = """
import asyncio, os, subprocess, sys, tempfile, threading

KEPT = []

async def forward(port):
    await asyncio.sleep(0.01)
    KEPT.append(asyncio.create_task(asyncio.Event().wait()))
    asyncio.get_running_loop().call_later(3600, print, port)
    open(f"client-{port}-task", "w").close()

def work(port):
    open(f"client-{port}-job", "w").close()
    threading.Thread(target=threading.Event().wait, daemon=True, name=str(port)).start()

async def chat(reader, writer):
    port = writer.get_extra_info("peername")[1]
    await reader.readline()
    await asyncio.gather(forward(port), asyncio.to_thread(work, port))
    await asyncio.get_running_loop().run_in_executor(None, lambda: open(f"client-{port}-executor", "w").close())
    KEPT.append(await asyncio.open_connection("127.0.0.1", upstream))
    writer.write(b"ok")
    await writer.drain()
    await reader.read()
    writer.close()

async def swallow(reader, writer):
    await reader.read()

async def main():
    global upstream
    loop = asyncio.get_running_loop()
    sink = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    upstream = sink.sockets[0].getsockname()[1]
    server = await asyncio.start_server(chat, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""


@pytest.mark.slow
def test_fifty_overlapping_sessions_are_told_apart(lab):
    """Of what fifty clients at once leave behind, 99 % is attributed and nothing to the wrong session."""
    clients = 50
    served = lab.start(OVERLAPPING)
    served.links()

    async def visit(everybody_is_here):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        port = writer.get_extra_info("sockname")[1]
        await everybody_is_here.wait()
        writer.write(b"go\n")
        assert await reader.readexactly(2) == b"ok"
        writer.close()
        return port

    async def everybody():
        return await asyncio.gather(*[visit(barrier) for barrier in [asyncio.Barrier(clients)] for _ in range(clients)])

    ports = asyncio.run(everybody())
    look = served.quiet()
    session_of = {row[5]: row[1] for row in served.ask("journal") if row[0] == "began"}
    assert set(ports) == set(session_of)
    owners = {number: port for port, number in session_of.items()}
    counted = {"task": 0, "timer": 0, "thread": 0, "file": 0, "socket": 0}
    for row in look["holdings"]:
        detail, port = row["detail"], owners[row["session"]]
        if row["kind"] == "file":
            assert f"client-{port}-" in detail["path"]
        elif row["kind"] == "thread" and detail["name"].isdecimal():
            assert detail["name"] == str(port)
        elif row["kind"] == "thread":
            continue  # a worker of the application's pool
        counted[row["kind"]] = counted.get(row["kind"], 0) + 1
    planted = {"task": 1, "timer": 1, "thread": 1, "file": 3, "socket": 1}
    for kind, each in planted.items():
        assert 0.99 * each * clients <= counted[kind] <= each * clients, (
            kind,
            [
                row["detail"]
                for row in look["holdings"]
                if row["kind"] == kind and row["detail"].get("name") != "Event.wait"
            ],
        )
