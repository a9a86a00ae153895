"""A running process: real ones, with real children, sockets and descriptors."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psutil
import pytest

from overstay.checks.check import Project
from overstay.checks.process import ProcessCheck, _problems
from overstay.checks.vitals import Machine, Vitals, vitals_of
from overstay.messages import Speaker

Make = Callable[..., Project]
Ask = Callable[..., Any]
HEALTHY = Vitals((1,), 1.0, 5.0, 10**8, 10, 30, 1024, 0, 0, 0, {}, {})
ROOMY = Machine(5.0, 16 * 10**9, 8 * 10**9, 0.0, 10**11)
SERVER = """
import socket, subprocess, sys, time
server = socket.create_server(("127.0.0.1", 0))
children = [subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()", "tools"], stdin=subprocess.PIPE)
            for _ in range({children})]
print(server.getsockname()[1], flush=True)
clients = [server.accept()[0] for _ in range({clients})]
print("ready", flush=True)
sys.stdin.read()
for child in children:
    child.stdin.close()
    child.wait()
"""


@contextlib.contextmanager
def server(*, children: int, clients: int) -> Iterator[int]:
    """Run a server with so many tool servers and clients; gives its process."""
    code = SERVER.format(children=children, clients=clients)
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with contextlib.ExitStack() as stack:
            import socket

            for _ in range(clients):
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        process.stdin.close()


def test_tool_servers_that_nobody_uses_are_left_over(make: Make, said: Ask) -> None:
    """Four of them for one client: what `Closing MCPClient... and 4 active connections` leaves."""
    with server(children=4, clients=1) as pid:
        result = said(ProcessCheck(), make(pids=frozenset({pid}))).about("suspect-3")
    assert result.status == "warning"
    assert result.title == "4 child processes run for 1 client: tool servers are left over"
    assert result.evidence[0].startswith("4 times: ")


@pytest.mark.parametrize(("children", "clients"), [(2, 2), (1, 0), (0, 1)])
def test_as_many_tool_servers_as_clients_are_fine(make: Make, said: Ask, children: int, clients: int) -> None:
    """One a client, or one for all of them."""
    with server(children=children, clients=clients) as pid:
        result = said(ProcessCheck(), make(pids=frozenset({pid}))).about("suspect-3")
    assert (result.status, result.title) == (
        "fine",
        f"{children} child process{'' if children == 1 else 'es'} and {clients} client{'' if clients == 1 else 's'}:"
        " none is left over",
    )


def test_cpu_is_sampled_and_the_sum_is_told_apart(make: Make, said: Ask) -> None:
    """The user's figure of 19 was the sum since the start; what counts is the present."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            deadline = time.monotonic() + 60
            while psutil.Process(busy.pid).cpu_times().user < 0.2 and time.monotonic() < deadline:
                pass
            found = vitals_of({busy.pid})
            details = said(ProcessCheck(), make(pids=frozenset({busy.pid}))).about("cause-b").details
        finally:
            busy.kill()
    assert found is not None
    assert 0 < found.cpu < 200
    assert found.cpu_seconds >= 0.2
    assert "of one core now, sampled" in details[0]
    assert "since it started" in details[0]


def test_memory_threads_and_descriptors_are_counted(make: Make, said: Ask) -> None:
    """Of ourselves, as psutil has them."""
    found = vitals_of({os.getpid()})
    assert found is not None
    assert found.rss > 1_000_000
    assert found.threads >= 1
    assert found.descriptors >= 3
    result = said(ProcessCheck(), make(pids=frozenset({os.getpid()}))).about("step-5")
    assert result.title.startswith("the server takes ")


@pytest.mark.parametrize(
    ("signs", "machine", "severe", "told"),
    [
        ({"cpu": 97.0}, {}, False, "it takes 97 % of one core now"),
        ({}, {"available": 10**9}, False, "only 1 GB of memory are left"),
        ({}, {"available": 5 * 10**8}, True, "only 500 MB of memory are left"),
        ({}, {"available": 2 * 10**9, "swapped": 60.0}, False, "60 % of the swap is in use"),
        ({"descriptors": 600}, {}, False, "600 of 1024 descriptors are open"),
        ({"descriptors": 900}, {}, True, "900 of 1024 descriptors are open"),
        ({"threads": 300}, {}, False, "it has 300 threads"),
        ({"sockets": {"CLOSE_WAIT": 10}}, {}, False, "10 connections in CLOSE_WAIT"),
        ({"zombies": 1}, {}, False, "1 child has ended"),
        ({}, {"disk_free": 10**8}, False, "only 100 MB of disk are left"),
    ],
)
def test_every_sign_has_its_threshold(signs: dict[str, Any], machine: dict[str, Any], severe: bool, told: str) -> None:
    """What is beyond it is a problem, and how bad."""
    [problem] = list(_problems(replace(HEALTHY, **signs), replace(ROOMY, **machine), Speaker("en")))
    assert problem[0] == severe
    assert problem[1].startswith(told)


def test_a_healthy_server_on_a_roomy_machine_has_no_problem() -> None:
    """The clean twin of all of them."""
    assert list(_problems(HEALTHY, ROOMY, Speaker("en"))) == []


def test_without_a_process_the_machine_is_told_and_nothing_is_judged(make: Make, said: Ask) -> None:
    """How busy this machine is says nothing about the server."""
    [result] = said(ProcessCheck(), make())
    assert result.item == "cause-b"
    assert result.status == "not-checked" or result.title.startswith("only ")


@pytest.mark.parametrize("pid", [999_999_999, 10**30, -1])
def test_a_process_that_is_gone_is_said_to_be(make: Make, said: Ask, pid: int) -> None:
    """No number makes it fail."""
    [result] = said(ProcessCheck(), make(pids=frozenset({pid})))
    assert result.title.startswith(("the process could not be looked at", "only "))
