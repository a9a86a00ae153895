"""A laboratory for real servers: starts one under the probe, visits it, and asks the probe what it sees.

The servers run on the Python of the tests. The variable OVERSTAY_TEST_PYTHON names another one, which has the servers
installed: the path of the `python` in its virtual environment, whose folder is then first on PATH.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import overstay_probe
from overstay_probe.doors import DOORS

PROBE = Path(overstay_probe.__file__).parent
PYTHON = os.environ.get("OVERSTAY_TEST_PYTHON", sys.executable)
PATIENCE = 20.0


def until(condition: Callable[[], Any], what: str) -> Any:
    """Return the first true value of a condition; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    pytest.fail(f"never came: {what}")


def free_port() -> int:
    """Return a port that is free, and not one that an outgoing connection could be given meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


class Link:
    """A test's connection to the control channel of one process."""

    def __init__(self, address_file: Path) -> None:
        told = json.loads(address_file.read_text())
        self._token = told["token"]
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(told["address"])
        self._stream = self._socket.makefile("rwb")
        self.ask("attach")

    def ask(self, question: str, **fields: object) -> Any:
        self._stream.write(json.dumps({"token": self._token, "ask": question, **fields}).encode() + b"\n")
        self._stream.flush()
        answer = json.loads(self._stream.readline())
        assert "error" not in answer, answer
        return answer["answer"]

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


class Served:
    """A running server and its links."""

    def __init__(self, run: Path, folder: Path, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.run, self.folder, self.port, self.process, self._log = run, folder, port, process, log
        self._links: dict[int, Link] = {}

    def wait(self) -> None:
        """Wait until the server accepts connections."""

        def listens() -> bool:
            assert self.process.poll() is None, self._log.read_text()
            table = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
            return any(
                fields[1].endswith(f":{self.port:04X}") and fields[3] == "0A"
                for fields in map(str.split, table.splitlines())
            )

        until(listens, f"a server on port {self.port}: {self._log.read_text()}")

    def links(self, least: int = 1) -> dict[int, Link]:
        """Return a link to every process that opened a door, once there are at least so many."""

        def enough() -> bool:
            for path in self.run.glob("*.json"):
                if path.stem.isdecimal() and int(path.stem) not in self._links:
                    self._links[int(path.stem)] = Link(path)
            return len(self._links) >= least

        until(enough, f"{least} open doors: {self._log.read_text()}")
        return self._links

    def ask(self, question: str, **fields: object) -> Any:
        """Ask the process that serves: of several with an open door, the one that has had a session."""
        links = list(self.links().values())
        if len(links) > 1:
            links = [link for link in links if link.ask("look")["given"]]
        return links[0].ask(question, **fields)

    def quiet(self) -> dict[str, Any]:
        """Return a look at a moment when no session is open."""

        def look() -> Any:
            answer = self.ask("look")
            return answer if not answer["open"] else None

        return dict(until(look, "the end of all sessions"))

    def holdings(self, kind: str) -> list[dict[str, Any]]:
        """Return the holdings of one kind that ended sessions have left, each with its site."""
        look = self.quiet()
        return [
            {
                **row,
                "at": look["sites"][str(row["site"])]["site"],
                "library": look["sites"][str(row["site"])]["library"],
            }
            for row in look["holdings"]
            if row["kind"] == kind
        ]

    def get(self, path: str = "/") -> bytes:
        """Make one HTTP request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def stop(self) -> None:
        """End the server and everything that it started."""
        for link in self._links.values():
            link.close()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Lab:
    """Starts servers under the probe."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder, self.run = folder, run
        self._served: list[Served] = []

    def start(self, source: str, command: Sequence[str] = (), *, environment: dict[str, str] | None = None) -> Served:
        """Write `app.py` and start it; `{port}` in the command is filled in. Default: `python app.py PORT`."""
        (self.folder / "app.py").write_text(textwrap.dedent(source))
        port = free_port()
        words = [word.format(port=port) for word in command] or [PYTHON, "app.py", str(port)]
        log = self.folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self._environment() | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        served = Served(self.run, self.folder, port, process, log)
        self._served.append(served)
        served.wait()
        return served

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(self.run / "boot"),
            "OVERSTAY_RUN": str(self.run),
            "OVERSTAY_DOORS": ",".join(DOORS),
            "OVERSTAY_PROJECT": str(self.folder),
            "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def close(self) -> None:
        for served in self._served:
            served.stop()


@pytest.fixture
def printed(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs a program that imports the probe, on the servers' Python, and returns the words that it prints."""

    def run(program: str, *options: str) -> list[str]:
        done = subprocess.run(
            [PYTHON, *options, "-c", program],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROBE.parent)},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


@pytest.fixture
def has_module(printed: Callable[..., list[str]]) -> Callable[[str], bool]:
    """Tells whether the servers' Python has a package installed."""
    program = "import importlib.util; print(importlib.util.find_spec({!r}) is not None)"
    return lambda name: printed(program.format(name)) == ["True"]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A folder for the server, and a run directory whose path is short enough for a Unix socket."""
    run = Path(tempfile.mkdtemp(prefix="ov"))
    shutil.copytree(PROBE, run / "boot" / "overstay_probe", ignore=shutil.ignore_patterns("_boot"))
    shutil.copy2(PROBE / "_boot" / "sitecustomize.py", run / "boot")
    laboratory = Lab(tmp_path, run)
    try:
        yield laboratory
    finally:
        laboratory.close()
        shutil.rmtree(run, ignore_errors=True)
