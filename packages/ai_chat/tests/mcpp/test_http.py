"""A server that somebody else runs, on streamable HTTP."""

import asyncio
import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.mcp_client import MCPClient
from ai_chat.mcpp.tools_interface import ToolProblem

SERVER = str(Path(__file__).with_name("http_server.py"))


def free_port() -> int:
    """A port that is free now."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


class Served:
    """The server as a process, which can go away and come back on its port."""

    def __init__(self, seen: Path) -> None:
        self.port = free_port()
        self.seen = seen
        self.process: subprocess.Popen | None = None
        self.settings = MCPServerSettings(url=f"http://127.0.0.1:{self.port}/mcp?key=hunter2-secret", call_seconds=5)

    def start(self) -> None:
        env = {**os.environ, "SEEN": str(self.seen)}
        quiet = subprocess.DEVNULL
        command = [sys.executable, SERVER, "--http", str(self.port)]
        self.process = subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def served(tmp_path):
    """A server on HTTP, started."""
    served = Served(tmp_path / "seen")
    served.start()
    yield served
    served.stop()


@pytest.mark.slow
def test_a_server_on_http_goes_away_and_comes_back(run, served, until):
    """Its calls fail clearly, its state says so without the address's secret, and after its return they work."""

    async def main():
        async with MCPClient({"far": served.settings}, ping_every=0.3) as client:
            await until(client.tools)
            assert await client.call("calculate", {"expression": "6*7"}) == "42"
            served.stop()
            with pytest.raises(ToolProblem) as caught:
                await client.call("calculate", {"expression": "6*7"})
            assert caught.value.code == "tool-server-down"
            await until(lambda: client.states()[0].state == "restarting")
            assert "hunter2" not in client.states()[0].problem
            assert client.states()[0].problem
            served.start()
            await until(client.tools)
            assert await client.call("calculate", {"expression": "6*7"}) == "42"
            served.stop()
            await until(lambda: not client.tools())  # nobody calls; the ping finds out
        assert len(asyncio.all_tasks()) == 1

    run(main)


@pytest.mark.slow
def test_a_cancelled_call_over_http_is_told_to_the_server(run, served, until):
    """Within 100 ms the caller is free; then the server's tool is cancelled."""

    async def main():
        async with MCPClient({"far": served.settings}) as client:
            await until(client.tools)
            call = asyncio.ensure_future(client.call("hang", {}))
            await until(served.seen.exists)
            began = time.monotonic()
            call.cancel()
            await asyncio.wait([call])
            assert time.monotonic() - began < 0.1
            await until(lambda: "cancelled" in served.seen.read_text())
            assert await client.call("calculate", {"expression": "1+1"}) == "2"

    run(main)


@pytest.mark.slow
def test_stays_at_a_server_on_http_return_to_the_base_line(run, served, until, returns_to_base_line):
    """No socket, thread or task is left, with a call cut off each time."""

    async def stay() -> None:
        async with MCPClient({"far": served.settings}) as client:
            await until(client.tools)
            call = asyncio.ensure_future(client.call("hang", {}))
            await asyncio.sleep(0)
            call.cancel()

    async def main():
        await returns_to_base_line(stay, 5)
        assert len(asyncio.all_tasks()) == 1

    run(main)


@pytest.mark.slow
def test_leaving_while_the_connection_is_refused_ends_at_once(run, until):
    """However far the attempt is: anyio drops a cancellation that meets an error of its group."""

    async def stay(turns: int) -> None:
        async with MCPClient({"far": MCPServerSettings(url=f"http://127.0.0.1:{free_port()}/mcp")}):
            for _ in range(turns):
                await asyncio.sleep(0)

    async def main():
        for turns in range(30):
            async with asyncio.timeout(5):
                await stay(turns)
        assert len(asyncio.all_tasks()) == 1

    run(main)
