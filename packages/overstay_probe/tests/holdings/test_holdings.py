"""Each kind of holding: found with its line when a session leaves it, unseen when the session ends it."""

import pytest

APP = """
import asyncio, os, socket, subprocess, sys, tempfile, threading
KEPT = []

async def idle():
    await asyncio.Event().wait()

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    %s
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
"""
LINE = 15
SLEEPER = '[sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]'

TWINS = {
    "task": (
        "KEPT.append(asyncio.create_task(idle()))",
        "task = asyncio.create_task(idle()); await asyncio.sleep(0); task.cancel()",
    ),
    "task, unowned": (
        "asyncio.ensure_future(asyncio.sleep(3600))",
        "await asyncio.ensure_future(asyncio.sleep(0))",
    ),
    "timer": (
        "asyncio.get_running_loop().call_later(3600, print)",
        "asyncio.get_running_loop().call_later(3600, print).cancel()",
    ),
    "thread": (
        "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "thread = threading.Thread(target=int); thread.start(); thread.join()",
    ),
    "job": (
        "asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 60)",
        "await asyncio.get_running_loop().run_in_executor(None, int)",
    ),
    "process": (
        f"KEPT.append(subprocess.Popen({SLEEPER}, stdin=subprocess.PIPE))",
        f"subprocess.Popen({SLEEPER}, stdin=subprocess.DEVNULL).wait()",
    ),
    "process, asyncio": (
        f"KEPT.append(await asyncio.create_subprocess_exec(*{SLEEPER}, stdin=-1))",
        f"await (await asyncio.create_subprocess_exec(*{SLEEPER}, stdin=-3)).wait()",
    ),
    "process, re-parented": (
        'await (await asyncio.create_subprocess_shell("sleep 300 & exit 0")).wait()',
        'await (await asyncio.create_subprocess_shell("sleep 0 & wait")).wait()',
    ),
    "process, never waited for": (
        'KEPT.append(subprocess.Popen(["true"]))',
        'KEPT.append(subprocess.Popen(["true"])); KEPT[-1].wait()',
    ),
    "file": (
        'tempfile.NamedTemporaryFile(dir=".", delete=False).close()',
        'tempfile.NamedTemporaryFile(dir=".", delete=True).close()',
    ),
    "file, moved": (
        'fd, path = tempfile.mkstemp(dir="."); os.close(fd); os.replace(path, path + ".wav")',
        'fd, path = tempfile.mkstemp(dir="."); os.close(fd); os.replace(path, "one.wav"); os.remove("one.wav")',
    ),
    "file, in a thread": (
        'await asyncio.to_thread(tempfile.mkstemp, dir=".")',
        'await asyncio.to_thread(tempfile.TemporaryFile, dir=".")',
    ),
    "file, a folder": (
        'tempfile.mkdtemp(dir=".")',
        'tempfile.TemporaryDirectory(dir=".").cleanup()',
    ),
    "socket": (
        "KEPT.append(socket.socket())",
        "socket.socket().close()",
    ),
    "socket, connected": (
        'KEPT.append(await asyncio.open_connection("127.0.0.1", scope["server"][1]))',
        '(await asyncio.open_connection("127.0.0.1", scope["server"][1]))[1].close()',
    ),
    "descriptor": (
        'KEPT.append(open("app.py2", "a+").fileno() and open("app.py2"))',
        'open("app.py2", "a+").close(); open("app.py2").close()',
    ),
}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("name", TWINS)
def test_holding_of_an_ended_session_is_reported_with_its_line(lab, name, loop):
    """Three sessions that leave a holding give three rows, each with its own session and the application's line."""
    served = lab.start(APP % TWINS[name][0], ["uvicorn", "app:app", "--port", "{port}", "--loop", loop])
    for _ in range(3):
        assert served.get() == b"done"
    kind = name.partition(",")[0]
    held = [row for row in served.holdings(kind) if row["at"]["line"] == LINE]
    assert sorted(row["session"] for row in held) == [1, 2, 3]
    assert not any(row["library"] for row in held)
    assert served.ask("hello")["disarmed"] == {}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("name", TWINS)
def test_holding_that_its_session_ended_is_not_reported(lab, name, loop):
    """The clean twin, one line apart, leaves nothing of the kind."""
    served = lab.start(APP % TWINS[name][1], ["uvicorn", "app:app", "--port", "{port}", "--loop", loop])
    for _ in range(3):
        assert served.get() == b"done"
    assert served.holdings(name.partition(",")[0]) == []


def test_job_of_a_thread_pool_opens_files_in_its_session(lab):
    """run_in_executor copies no context, and yet what the job opens belongs to the session."""
    line = 'await asyncio.get_running_loop().run_in_executor(None, lambda: tempfile.mkstemp(dir="."))'
    served = lab.start(APP % line, ["uvicorn", "app:app", "--port", "{port}"])
    served.get()
    assert [row["session"] for row in served.holdings("file")] == [1]


def test_what_a_sessions_thread_starts_is_the_sessions(lab):
    """A thread inherits the session of whoever started it, on every Python."""
    line = 'threading.Thread(target=tempfile.mkstemp, kwargs={"dir": "."}).start()'
    served = lab.start(APP % line, ["uvicorn", "app:app", "--port", "{port}"])
    served.get()
    (held,) = served.holdings("file")
    assert (held["session"], held["at"]["line"]) == (1, LINE)


def test_sleep_and_timeout_of_a_left_task_are_not_timers_of_their_own(lab):
    """A task that sleeps is one holding: the timer that wakes it is part of it."""
    line = "KEPT.append(asyncio.create_task(asyncio.wait_for(asyncio.sleep(3600), 7200)))"
    served = lab.start(APP % line, ["uvicorn", "app:app", "--port", "{port}"])
    served.get()
    assert served.holdings("timer") == []
    assert served.holdings("task")
