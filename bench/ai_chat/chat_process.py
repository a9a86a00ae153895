"""The chat server as its user starts it: a process of its own, in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

import psutil

START_SECONDS = 60.0
GONE_SECONDS = 5.0  # that a tool server has to end after its parent
TWO_TOOL_SERVERS = f"""
mcp_servers:
  one: {{command: "{sys.executable}", args: [-m, ai_chat.mcpp.local_tools]}}
  two: {{command: "{sys.executable}", args: ["{Path(__file__).with_name("second_tools.py")}"]}}
"""


class ChatProcess:
    """A server whose folder holds its `conf.yaml` and all that it writes. It runs inside `async with`, or by hand.

    Raises `TimeoutError` when it does not answer in a minute.
    """

    def __init__(
        self,
        folder: Path,
        conf: str,
        *,
        command: Sequence[str | Path] = (sys.executable, "-m", "ai_chat"),
        cores: set[int] | None = None,
        pass_fds: Collection[int] = (),
    ) -> None:
        self.folder = folder
        self.port = 0
        self._command = command
        self._cores = cores
        self._pass_fds = pass_fds
        self._child: asyncio.subprocess.Process | None = None
        (folder / "tmp").mkdir(parents=True)
        (folder / "conf.yaml").write_text(conf, encoding="utf-8")

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def start(self) -> None:
        """Start it, and wait until it and its tools answer."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AI_CHAT_")}
        with (self.folder / "stderr").open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self._command, "--port", "0", "--lang", "en", cwd=self.folder, stdout=asyncio.subprocess.PIPE,
                stderr=log, env={**environment, "TMPDIR": str(self.folder / "tmp")}, pass_fds=tuple(self._pass_fds),
                preexec_fn=(lambda: os.sched_setaffinity(0, self._cores)) if self._cores else None,
            )  # fmt: skip
        assert self._child.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = (await self._child.stdout.readline()).decode()
            self.port = int(re.findall(r":(\d+)/", line)[0])
            while not await self._is_ready():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)

    async def _is_ready(self) -> bool:
        return set(json.loads(await self.ask("/readyz"))["tools"].values()) == {"up"}

    async def end(self) -> None:
        """End it as its user does, and wait for that."""
        if self._child is not None and self._child.returncode is None:
            self._child.terminate()
            await self._child.wait()

    async def kill(self) -> int:
        """Kill it with SIGKILL; how many of the processes that it had started are still there after five seconds."""
        assert self._child is not None
        left = self.process.children(recursive=True) if self._child.returncode is None else []
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        await self._child.wait()
        deadline = time.monotonic() + GONE_SECONDS
        while (left := [one for one in left if _is_alive(one)]) and time.monotonic() < deadline:  # noqa: ASYNC110 - as well
            await asyncio.sleep(0.02)
        for one in left:
            one.kill()
        return len(left)

    @property
    def process(self) -> psutil.Process:
        """The process, seen from outside."""
        assert self._child is not None
        return psutil.Process(self._child.pid)

    def children(self) -> set[int]:
        """The processes that it has started and that run."""
        return {child.pid for child in self.process.children(recursive=True)}

    async def ask(self, path: str) -> str:
        """The answer at an HTTP address, whatever its status."""
        return await asyncio.to_thread(self._ask, path)

    def _ask(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as refused:
            body = refused.read()
        return body.decode()

    async def gauges(self, names: Collection[str]) -> dict[str, float]:
        """What it tells of itself, by the names of its metrics without `ai_chat_`."""
        told = dict(re.findall(r"^ai_chat_(\w+) (\S+)", await self.ask("/metrics"), re.MULTILINE))
        return {name: float(told[name]) for name in names}

    async def until_zero(self, names: Collection[str], seconds: float = 60.0) -> None:
        """Wait until these gauges are zero. Raises TimeoutError, with those that are not."""
        left: dict[str, float] = {}
        try:
            async with asyncio.timeout(seconds):
                while any((left := await self.gauges(names)).values()):  # noqa: ASYNC110 - as well
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise TimeoutError(f"the server is not quiet {seconds:.0f} s after the last client left: {left}") from None


def _is_alive(process: psutil.Process) -> bool:
    """A zombie is dead: the machine's first process owes it, not we."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
