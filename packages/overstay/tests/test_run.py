"""`overstay run` on a server that nobody but its own clients visits: it rests while nothing is left, and wakes."""

import http.client
import signal
import sys
import time

import pytest

APP = """
import asyncio, os, tempfile

KEPT = []

async def forever():
    await asyncio.Event().wait()

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    if scope["path"] == "/task":
        KEPT.append(asyncio.create_task(forever()))
    if scope["path"] == "/file":
        os.close(tempfile.mkstemp(dir=".")[0])
    watched = type(os.open).__name__ == "Replacement"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"watched" if watched else b"resting"})
"""
PATIENCE = 60.0
ENDS = "import sys; print('out of luck'); sys.exit({})"


@pytest.fixture
def running(doctor):
    """A server under `overstay run`."""
    doctor.write("app.py", APP)
    server = ["uvicorn", "app:app", "--port", str(doctor.port), "--log-level", "critical"]
    words = [doctor.words()[0], "run", "--json", "report.json", "--settle", "0", "--second-look", "0", "--", *server]
    return doctor.start(words)


def get(doctor, path):
    """Make one request; return whether it was watched closely, None while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", doctor.port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read() == b"watched"
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def visit(doctor, path, *, until_watched, times=1):
    """Make requests, some a second, until so many in a row were watched, or were not."""
    deadline, row = time.monotonic() + PATIENCE, 0
    while row < times:
        assert time.monotonic() < deadline
        row = row + 1 if get(doctor, path) is until_watched else 0
        time.sleep(0.05)  # the pace of the clients; nothing is waited for


@pytest.mark.slow
@pytest.mark.parametrize(("path", "line"), [("/task", 17), ("/file", 19)])
def test_leak_that_begins_while_the_hooks_rest_is_found(doctor, running, path, line):
    """A server that is trusted and begins to leak is watched closely again, and its leak told with line and rate."""
    visit(doctor, "/", until_watched=False)
    visit(doctor, path, until_watched=True, times=100)
    running.send_signal(signal.SIGINT)
    outcome = doctor.finish(running)
    assert outcome.status == 1, outcome.out + outcome.err
    (finding,) = outcome.report["findings"]
    assert (finding["kind"], finding["site"]["line"]) == (path.strip("/"), line)
    assert any("watched closely" in note for note in outcome.report["run"]["notes"])


@pytest.mark.slow
def test_server_that_leaves_nothing_is_clean_and_was_sampled(doctor, running):
    """Nothing is found, and the report says how many sessions were watched."""
    visit(doctor, "/", until_watched=False, times=20)
    running.send_signal(signal.SIGINT)
    outcome = doctor.finish(running)
    assert outcome.status == 0, outcome.out + outcome.err
    assert outcome.report["findings"] == []
    assert any("watched closely" in note for note in outcome.report["run"]["notes"])


@pytest.mark.parametrize(("ends", "status"), [("2", 4), ("128 + 15", 3), ("0", 3)])
def test_server_that_fails_is_told_from_one_that_was_ended(doctor, ends, status):
    """Its own words are on the screen; a signal that somebody has sent is no failure."""
    outcome = doctor.finish(doctor.start([doctor.words()[0], "run", "--", sys.executable, "-c", ENDS.format(ends)]))
    assert outcome.status == status, outcome.out + outcome.err
    assert "out of luck" in outcome.out
    assert ("ended by itself with status 2" in outcome.err) == (status == 4)


def test_python_that_ignores_the_environment_is_told_from_a_server_without_a_door(doctor):
    """`overstay run` says, too, why the probe could not enter."""
    words = [doctor.words()[0], "run", "--", sys.executable, "-I", "-c", ENDS.format(0)]
    outcome = doctor.finish(doctor.start(words))
    assert outcome.status == 3, outcome.out + outcome.err
    assert "starts Python with -I or -E" in " ".join(outcome.out.split())
