"""A machine that other programs take over during a run: the server's slowing is still told from theirs."""

import sys

import pytest

SERVER = """
    import asyncio, itertools, sys

    visits = itertools.count()

    async def answer(reader, writer):
        await reader.readline()
        for _ in range({work} + {more} * next(visits)):
            pass
        writer.write(b"done")
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]))
        await server.serve_forever()

    asyncio.run(main())
"""
VISIT = """
    import atexit, os, subprocess, sys

    BUSY = "import os\\nbegun = os.getppid()\\nwhile os.getppid() == begun: sum(range(10000))"
    others = []

    @atexit.register
    def end():
        for each in others:
            each.kill()
            each.wait()

    async def visit(client):
        while len(others) < min((client.n - 30) // 6, 4) * (os.cpu_count() or 1):
            others.append(subprocess.Popen([sys.executable, "-c", BUSY]))
        await client.connect()
        await client.send("work\\n")
        await client.receive()
"""


def visit_while_others_come(doctor, more):
    """Run the doctor on a server that works `more` with each visit, while more and more programs work beside it."""
    doctor.write("server.py", SERVER.format(work=150_000, more=more))
    doctor.write("visit.py", VISIT)
    options = ("--visit", "visit.py", "--sessions", "60", "--departures", "close")
    return doctor(sys.executable, "server.py", "{port}", options=options, url="tcp://127.0.0.1:{port}")


@pytest.mark.slow
def test_other_programs_do_not_make_a_server_slower(doctor):
    """Whatever the latencies became, the server is not blamed: the run is clean or says that the machine was busy."""
    outcome = visit_while_others_come(doctor, more=0)
    assert outcome.report is not None, outcome.err
    assert outcome.report["findings"] == []
    assert outcome.status == (3 if outcome.report["latency"]["disturbance"] else 0), outcome.out


@pytest.mark.slow
def test_slower_server_is_not_excused_by_other_programs(doctor):
    """It is found by what it did before they came, or the run says that the machine was busy; it is never clean."""
    outcome = visit_while_others_come(doctor, more=3_000)
    assert outcome.report is not None, outcome.err
    assert outcome.report["verdict"] in ("slower", "inconclusive"), outcome.out
    assert outcome.status in (1, 3)
