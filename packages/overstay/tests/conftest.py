"""The command as its user has it: started as a process, on a real server, with what it printed and left."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

OVERSTAY = Path(sys.executable).parent / "overstay"


def free_port() -> int:
    """Return a port that is free, and not one that an outgoing connection could be given meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


@dataclass
class Outcome:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str
    report: dict | None


class Doctor:
    """Runs `overstay doctor` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.started: list[subprocess.Popen[str]] = []
        self.marker = f"overstay-test-{self.port}"
        self.environment = os.environ | {
            "PATH": f"{OVERSTAY.parent}{os.pathsep}{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "100",
            "OVERSTAY_TEST": self.marker,
            "XDG_CACHE_HOME": str(folder.parent / "caches"),
        }

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(textwrap.dedent(text))

    def words(self, *command: str, options: tuple[str, ...] = (), url: str = "http://127.0.0.1:{port}/") -> list[str]:
        fill = [word.format(port=self.port) for word in command]
        separator = ["--", *fill] if fill else []
        return [str(OVERSTAY), "doctor", "--url", url.format(port=self.port), *options, *separator]

    def start(self, words: list[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            words,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def finish(self, process: "subprocess.Popen[str]") -> Outcome:
        out, err = process.communicate(timeout=100)
        path = self.folder / "report.json"
        report = json.loads(path.read_text()) if path.exists() else None
        return Outcome(process.returncode, out, err, report)

    def __call__(self, *command: str, options: tuple[str, ...] = (), url: str = "http://127.0.0.1:{port}/") -> Outcome:
        """Run the doctor on a command, quickly: ten sessions, short waits."""
        quick = ("--sessions", "10", "--settle", "1", "--second-look", "3", "--json", "report.json")
        # Not by a reset: uvicorn keeps its keep-alive timer for five seconds then, which a wait of one calls late.
        quick += ("--departures", "close,half-close,mid-reply")
        return self.finish(self.start(self.words(*command, options=(*quick, *options), url=url)))

    def left_running(self) -> list[str]:
        """Return the command lines of processes that this test's command has left behind."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("OVERSTAY_TEST") == self.marker:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found


@pytest.fixture
def doctor(tmp_path: Path):
    """The doctor, and the proof that it left nothing running."""
    made = Doctor(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:  # a test that failed before it could end it
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
    assert made.left_running() == []
