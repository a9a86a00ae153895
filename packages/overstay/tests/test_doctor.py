"""The main job, end to end: a leak is found with its line and its rate, its clean twin is silent, nothing is left."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

APP = """
import asyncio

KEPT = []

async def forever():
    await asyncio.Event().wait()

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({{"type": message["type"] + ".complete"}})
            if message["type"].endswith("shutdown"):
                return
    {line}
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b"done"}})
"""
UVICORN = ("uvicorn", "app:app", "--port", "{port}", "--log-level", "warning")
LEAK = "KEPT.append(asyncio.create_task(forever()))"
LEFT = "KEPT.append(await asyncio.create_subprocess_exec('sleep', '600'))"
CLEAN = "task = asyncio.create_task(forever()); await asyncio.sleep(0); task.cancel()"
CHURN = """
import random

async def churn():
    while True:
        KEPT.append(asyncio.create_task(asyncio.sleep(random.random())))
        await asyncio.sleep(0.3)
"""
LATE = """
import time
from pathlib import Path

SERVED, FIRST = Path("served"), Path("first")
try:
    FIRST.touch(exist_ok=False)
except FileExistsError:  # the other worker was first: this one is up when that has served the warm-up and more
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (SERVED.exists() and SERVED.stat().st_size >= 14):
        time.sleep(0.01)
"""
ASKS_ITSELF = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
{before}
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        {during}
        self.send_response({status})
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")
    def log_message(self, *words):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def page(before="", during="pass", status=200):
    return ASKS_ITSELF.format(before=before, during=during, status=status)


@pytest.mark.slow
def test_leak_is_found_with_line_rate_and_fix(doctor):
    """A task per client is a leak: 1 per session, at its line, with a fix; the exit status is 1."""
    doctor.write("app.py", APP.format(line=LEAK))
    outcome = doctor(*UVICORN)
    assert outcome.status == 1, outcome.err
    (finding,) = outcome.report["findings"]
    assert (finding["rule"], finding["verdict"], finding["suspect"]) == ("task-outlives-session", "leak", 1)
    assert (finding["site"]["file"], finding["site"]["line"]) == ("app.py", 16)
    assert finding["rate"]["per_session"] == 1.0
    assert finding["fix"]["summary"]
    assert "app.py:16" in outcome.out
    assert set(outcome.report["run"]["canaries"].values()) == {"found"}


@pytest.mark.slow
def test_the_checklist_is_gone_through_on_the_running_server(doctor):
    """The named project, the server's process, the way to it: after the visits, uncounted."""
    doctor.write("app.py", APP.format(line=CLEAN))
    doctor.write("conf.yaml", "enable_proxy: true")
    doctor.write("proxy_queue.py", "def queue(self):\n    create_task(self.forward())\n")
    outcome = doctor(*UVICORN, options=(".",))
    assert (outcome.status, outcome.report["verdict"]) == (1, "clean"), outcome.err
    told = {each["item"]: each for each in outcome.report["checks"] if each["item"] != "other"}
    assert (told["suspect-1"]["status"], told["suspect-1"]["site"]["line"]) == ("severe", 2)
    assert told["step-5"]["title"].startswith("the server takes ")
    assert "TCP connects in " in told["cause-c"]["details"][0]
    assert outcome.report["run"]["visits"] == outcome.report["run"]["sessions"]
    assert "proxy_queue.py:2" in outcome.out


@pytest.mark.slow
def test_processes_that_the_server_has_left_are_told_apart_from_it(doctor):
    """The check of suspect 3 counts what the server started, also when overstay has started the server."""
    doctor.write("app.py", APP.format(line=LEFT))
    outcome = doctor(*UVICORN)
    (told,) = [each for each in outcome.report["checks"] if each["item"] == "suspect-3"]
    left = outcome.report["run"]["visits"]
    assert told["status"] == "warning"
    assert int(told["evidence"][0].removesuffix(" times: sleep 600")) >= left


@pytest.mark.slow
def test_clean_twin_is_silent(doctor):
    """The same server that cancels its task has no finding; the exit status is 0."""
    doctor.write("app.py", APP.format(line=CLEAN))
    outcome = doctor(*UVICORN)
    assert outcome.status == 0, outcome.out + outcome.err
    assert outcome.report["findings"] == []
    assert outcome.report["verdict"] == "clean"


@pytest.mark.slow
@pytest.mark.parametrize(("line", "verdict"), [(CLEAN, "clean"), (LEAK, "leak")])
def test_worker_that_opens_its_door_late_is_counted_too(doctor, line, verdict):
    """The visits before it was up are made again: every counted session is seen, in both workers."""
    served = "with SERVED.open('a') as file: file.write('1')"
    doctor.write("app.py", LATE + APP.format(line=f"{served}\n    {line}"))
    options = (
        "--sessions",
        "40",
        "--departures",
        "close,half-close",
    )  # mid-reply may ask again, which is a session more
    outcome = doctor(*UVICORN, "--workers", "2", options=options)
    assert outcome.report["verdict"] == verdict, outcome.out + outcome.err
    assert outcome.report["run"]["visits"] == outcome.report["run"]["sessions"]
    assert len(outcome.report["run"]["sessions_per_worker"]) == 2


@pytest.mark.slow
def test_report_is_chinese_where_asked(doctor):
    """--lang zh says everything in Chinese."""
    doctor.write("app.py", APP.format(line=CLEAN))
    outcome = doctor(*UVICORN, options=("--lang", "zh"))
    assert outcome.status == 0
    assert re.search(r"[\u4e00-\u9fff]", outcome.out)
    assert "What ran" not in outcome.out


def test_command_that_does_not_exist(doctor):
    """Wrong usage: the name is quoted, the status is 2."""
    outcome = doctor("no-such-command-here", "{port}")
    assert outcome.status == 2
    assert "no-such-command-here" in outcome.err


def test_server_that_ends_at_once_shows_its_last_lines(doctor):
    """The target failed: its own words and status are shown, ours is 4."""
    outcome = doctor(sys.executable, "-c", "import sys; print('port is cursed'); sys.exit(7)")
    assert outcome.status == 4
    assert "port is cursed" in outcome.err
    assert "7" in outcome.err


@pytest.mark.slow
def test_server_that_ends_half_way_shows_its_last_lines_and_the_report_so_far(doctor):
    """What was seen until then is not lost, no door is said to be missing, and the canaries go with the run."""
    dies = "import os; KEPT.append(1); len(KEPT) < 15 or (print('out of luck', flush=True), os._exit(9))"
    doctor.write("app.py", APP.format(line=dies))
    scratch = doctor.folder / "scratch"
    scratch.mkdir()
    doctor.environment["TMPDIR"] = str(scratch)
    outcome = doctor(*UVICORN)
    assert outcome.status == 4, outcome.out + outcome.err
    assert "out of luck" in outcome.err
    assert outcome.report["verdict"] == "inconclusive"
    assert outcome.report["run"]["notes"][0].startswith("The visits ended before their time")
    assert "a door is missing" not in outcome.out
    assert "Put right what ended the visits" in outcome.out
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_server_that_never_settles_is_said_to_go_on(doctor):
    """What comes and goes without clients is no reason to wait for ever, and the sentence says what to do."""
    doctor.write("app.py", CHURN + APP.format(line="KEPT.append(asyncio.create_task(churn()))"))
    outcome = doctor(*UVICORN)
    assert outcome.status == 1, outcome.out + outcome.err
    assert "The server did not settle within 1 s" in " ".join(outcome.out.split())


@pytest.mark.slow
def test_visit_that_blocks_hears_ctrl_c(doctor):
    """A visit file without an `await` holds up the tool's own loop, and one Ctrl-C still ends everything."""
    doctor.write("page.py", page())
    doctor.write(
        "visit.py",
        """
        import time
        from pathlib import Path

        async def visit(client):
            await client.connect()
            Path("blocks").touch()
            time.sleep(300)
        """,
    )
    process = doctor.start(doctor.words(sys.executable, "page.py", "{port}", options=("--visit", "visit.py")))
    deadline = time.monotonic() + 30
    while not (doctor.folder / "blocks").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    outcome = doctor.finish(process)
    assert outcome.status == 3, outcome.err
    assert "Interrupted: the report covers" in outcome.out


def test_port_that_never_opens(doctor):
    """The wait has an end, and the sentence says how to make it longer."""
    outcome = doctor(sys.executable, "-c", "import time; time.sleep(60)", options=("--start-timeout", "1"))
    assert outcome.status == 4
    assert "(it printed nothing)\nCheck that --url has its port" in outcome.err
    assert "--start-timeout" in outcome.err


def test_port_that_is_taken_is_not_mistaken_for_the_server(doctor):
    """Somebody else's server on the port is named, and not visited."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", doctor.port))
        taken.listen()
        outcome = doctor(sys.executable, "-c", "import time; time.sleep(60)")
    assert outcome.status == 2
    assert str(os.getpid()) in outcome.err


def test_url_at_which_nobody_listens(doctor):
    """Without a command there is nobody to wait for."""
    outcome = doctor()
    assert outcome.status == 4
    assert str(doctor.port) in outcome.err


def test_refused_handshake_names_the_status(doctor):
    """A server that wants credentials is told from one that is broken."""
    doctor.write("page.py", page(status=403))
    outcome = doctor(sys.executable, "page.py", "{port}", url="ws://127.0.0.1:{port}/ws")
    assert outcome.status == 4
    assert "403" in outcome.err


def test_server_without_tls_is_said_to_have_none(doctor):
    """https to a plain server fails with a sentence about TLS."""
    doctor.write("page.py", page())
    outcome = doctor(sys.executable, "page.py", "{port}", url="https://127.0.0.1:{port}/")
    assert outcome.status == 4
    assert "TLS" in outcome.err
    assert "write ws:// or http://" in outcome.err


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("async def visit(client) await\n", "visit.py", id="syntax error"),
        pytest.param("def nothing(): pass\n", "visit", id="no visit"),
        pytest.param("async def visit(client):\n    raise ValueError('my own bug')\n", "my own bug", id="raises"),
    ],
)
def test_visit_file_that_cannot_be_used(doctor, text, word):
    """The user's own mistake is shown with its place, and the status is 2."""
    doctor.write("page.py", page())
    (doctor.folder / "visit.py").write_text(text)
    outcome = doctor(sys.executable, "page.py", "{port}", options=("--visit", "visit.py"))
    assert outcome.status == 2, outcome.err
    assert word in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_python_that_ignores_the_environment_is_seen_from_outside(doctor, flag):
    """The probe cannot enter: that is said with the way on, and nothing is claimed to be clean."""
    doctor.write("page.py", page())
    outcome = doctor(sys.executable, flag, "page.py", "{port}")
    assert outcome.status == 3, outcome.out + outcome.err
    assert outcome.report["target"]["inside"] is False
    assert "install()" in outcome.out


@pytest.mark.slow
def test_python_server_without_a_known_door_is_seen_from_outside(doctor):
    """A server that no door fits is told from one that the probe could not enter."""
    doctor.write("page.py", page())
    outcome = doctor(sys.executable, "page.py", "{port}")
    assert outcome.status == 3
    assert "overstay_probe.session()" in outcome.out


@pytest.mark.slow
def test_unsupported_python_is_named(doctor):
    """What is too old for the probe is said, and seen from outside."""
    doctor.write("page.py", page())
    doctor.write("serve.sh", 'echo -n 3.9 > "$OVERSTAY_RUN/$$.entered"\nexec "$0" -I page.py "$1"\n')
    outcome = doctor("sh", "-c", f'echo -n 3.9 > "$OVERSTAY_RUN/$$.entered"; exec {sys.executable} -I page.py {{port}}')
    assert outcome.status == 3
    assert "3.9" in outcome.out


@pytest.mark.slow
def test_only_the_probe_is_visible_to_the_target(doctor):
    """No library of the tool's can clash with the application's: the folder holds the probe and nothing else."""
    check = "import os; assert sorted(set(os.listdir(os.environ['PYTHONPATH'])) - {'__pycache__'}) == ['overstay_probe', 'sitecustomize.py']"
    doctor.write("app.py", check + APP.format(line=CLEAN))
    assert doctor(*UVICORN).status == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here to stand for a full disk")
def test_full_disk_costs_the_report_file_and_not_the_report(doctor):
    """What was found is on the screen before the file is tried."""
    doctor.write("app.py", APP.format(line=CLEAN))
    outcome = doctor(*UVICORN, options=("--json", "/dev/full"))
    assert outcome.status == 2
    assert "/dev/full" in outcome.err
    assert "Verdict" in outcome.out


def test_folder_that_does_not_exist_is_said_before_anything_is_started(doctor):
    """A report that could never be written is not worth waiting for."""
    outcome = doctor("sh", "-c", "touch started", options=("--json", "no-such-folder/report.json"))
    assert outcome.status == 2
    assert "no-such-folder" in outcome.err
    assert not (doctor.folder / "started").exists()


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.5, 1.0, 2.5])
def test_ctrl_c_at_any_moment_ends_the_server_and_all_its_children(doctor, delay):
    """Wherever it is interrupted, nothing is left running; what was seen is reported."""
    children = "import subprocess; KEPT.append(subprocess.Popen(['sleep', '300']))"
    doctor.write("app.py", APP.format(line=children))
    process = doctor.start(doctor.words(*UVICORN, options=("--sessions", "2000", "--json", "report.json")))
    process.stderr.readline()  # the first useful line: from here on it has something to end
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    outcome = doctor.finish(process)
    assert outcome.status in (1, 3, 130), outcome.err
    assert "Traceback" not in outcome.err
    if outcome.report is not None:
        assert any("nterrupted" in note for note in outcome.report["run"]["notes"])


@pytest.mark.slow
def test_run_reports_at_ctrl_c_and_can_be_visited_meanwhile(doctor):
    """`overstay run` in one terminal, `doctor --url` from another, Ctrl-C for the report."""
    doctor.write("app.py", APP.format(line=LEAK))
    words = doctor.words(*UVICORN)
    run = doctor.start([words[0], "run", "--json", "run.json", "--settle", "0", *words[words.index("--") :]])
    deadline = time.monotonic() + 20
    while not any(c.status == "LISTEN" and c.laddr.port == doctor.port for c in psutil.net_connections("tcp")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    visited = doctor()
    assert visited.status == 1, visited.out + visited.err
    assert [finding["site"]["line"] for finding in visited.report["findings"]] == [16]
    assert visited.report["target"]["inside"]
    run.send_signal(signal.SIGINT)
    outcome = doctor.finish(run)
    assert outcome.status == 1, outcome.out + outcome.err
    assert "app.py:16" in outcome.out


CYCLES = """
    import asyncio, sys
    from websockets.asyncio.server import serve

    async def hello(client):
        client.itself = client
        await client.send("hello")
        await client.wait_closed()

    async def main():
        options = {"ping_interval": 1, "ping_timeout": 1, "close_timeout": 1}
        async with serve(hello, "127.0.0.1", int(sys.argv[1]), **options) as server:
            await server.serve_forever()

    asyncio.run(main())
"""


@pytest.mark.slow
def test_cycles_of_clients_that_vanished_are_not_waited_for(doctor):
    """What only the collector frees is freed before a second look is made for it, which here would take an hour."""
    doctor.write("server.py", CYCLES)
    options = ("--departures", "close,vanish", "--second-look", "3600")
    outcome = doctor(sys.executable, "server.py", "{port}", options=options, url="ws://127.0.0.1:{port}/")
    assert outcome.status == 0, outcome.out + outcome.err
    assert outcome.report["findings"] == []
