"""The leaky chat server runs by itself, as any server does, and ends when it is asked to."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from overstay.demo.planted import FOLDER
from overstay.visits import Departure, Destination, Driver, VisitRecord, VisitScript

PATIENCE = 10.0
"""Seconds for a signal to end the server: its own grace is one, the machine may be busy."""


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.05)


class LeakyChat:
    """A running server, and everything that carries its mark."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"ws://127.0.0.1:{port}/client-ws"
        self._mark = f"overstay-test-{port}"
        words = [sys.executable, str(FOLDER / "run_server.py"), "--port", str(port), "--data", str(folder)]
        environment = os.environ | {"OVERSTAY_TEST": self._mark}
        self.process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, process_group=0)
        until(lambda: self._listens(port), "the server's port")

    def _listens(self, port: int) -> bool:
        assert self.process.poll() is None
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)

    def visit(self, *departures: Departure) -> list[VisitRecord]:
        """Let clients come and go as the demo's do."""

        async def main() -> list[VisitRecord]:
            driver = Driver(Destination(self.url), VisitScript.load(FOLDER.parent / "visit.py"))
            try:
                return await driver.make(departures, first_n=1)
            finally:
                await driver.aclose()

        return asyncio.run(main())

    def running(self) -> list[psutil.Process]:
        """Return the server and everything that it started."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("OVERSTAY_TEST") == self._mark:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def end(self) -> None:
        for process in self.running():
            process.kill()
        self.process.wait()


@pytest.fixture
def chat(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[LeakyChat]:
    served = LeakyChat(tmp_path, free_port())
    try:
        yield served
    finally:
        served.end()


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_server_ends_on_a_signal_and_leaves_no_child(chat: LeakyChat, signal_number: signal.Signals) -> None:
    """Whatever its clients have left, Ctrl-C and a service manager end it within seconds."""
    records = chat.visit(Departure.CLOSE, Departure.RESET, Departure.MID_REPLY)
    assert [record.problem for record in records] == [None] * 3
    assert len(chat.running()) == 1 + 3  # a tool's process for each client, planted
    chat.process.send_signal(signal_number)
    chat.process.wait(PATIENCE)
    until(lambda: not chat.running(), "the end of the server's children")


@pytest.mark.slow
def test_every_departure_can_be_made_on_it(chat: LeakyChat) -> None:
    """The demo shows all nine."""
    records = chat.visit(Departure.CLOSE, *Departure)
    assert [(record.departure, record.why_not) for record in records if not record.exercised] == []
