"""One server of ours under one variant: started, asked for its CPU, stopped with everything it started."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from measure import client
from measure.trouble import VariantFailedError
from measure.variants import Variant

START_S = 30.0
STOP_S = 10.0


class Server:
    """The server of one variant."""

    def __init__(self, variant: Variant, port: int, *, loop: str, scratch: Path) -> None:
        self.variant = variant
        self.port = port
        self._loop = loop
        self._scratch = scratch
        self._output = scratch / f"{variant.name}.log"
        self._launched: subprocess.Popen[bytes] | None = None
        self._served_by: psutil.Process | None = None

    def start(self, python: Path) -> None:
        """Start it in a session of its own: Ctrl-C in the terminal reaches the benchmark alone, which then stops it."""
        with self._output.open("wb") as output:
            try:
                self._launched = subprocess.Popen(
                    self.variant.command(python, port=self.port, loop=self._loop),
                    env=self.variant.surroundings(self._scratch),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as err:
                raise VariantFailedError(f"could not be started: {err}") from err

    async def ready(self) -> None:
        """Wait until it serves with exactly the instruments of its variant."""
        deadline = time.monotonic() + START_S
        while self._served_by is None:
            if ended := self.ended_with():
                raise VariantFailedError(ended)
            if time.monotonic() > deadline:
                raise VariantFailedError(f"did not serve within {START_S:.0f} s: {self.last_words()}")
            with suppress(OSError):
                self._served_by = psutil.Process((await client.get(self.port, "/cpu"))["pid"])
            await asyncio.sleep(0.05)
        await self.check_instruments()
        await self._check_clock()

    def ended_with(self) -> str | None:
        """Return how it ended and what it said last, or None while it runs."""
        status = self._launched.poll() if self._launched is not None else None
        return None if status is None else f"ended with status {status}: {self.last_words()}"

    async def check_instruments(self, made: int = 0) -> None:
        """Raise unless exactly the instruments of the variant are at work: an unarmed one would look cheap.

        For overstay that is only so when its door has seen the sessions that were `made` since the start.
        """
        answer = await client.get(self.port, "/instruments")
        seen = answer.pop("sessions")
        found = {name for name, works in answer.items() if works}
        wanted = set(self.variant.instruments) | ({"uvloop"} if self._loop == "uvloop" else set())
        if found != wanted:
            raise VariantFailedError(f"runs with {sorted(found) or 'nothing'} where {sorted(wanted)} was expected")
        if "overstay" in wanted and seen <= made:
            raise VariantFailedError(f"its door saw {seen} sessions where more than {made} were made")

    async def cpu_ns(self) -> int:
        """Return the CPU of the serving process, all its threads included, without disturbing it where that can be.

        A request would cost the server as much as two turns, which is too much for a reading before and after a lap.
        """
        if sys.platform == "linux" and self._served_by is not None:
            # clock_getcpuclockid(pid) of the C library, which Python does not offer.
            return time.clock_gettime_ns((~self._served_by.pid << 3) | 2)
        return (await client.get(self.port, "/cpu"))["cpu_ns"]

    async def family_cpu_ns(self) -> int:
        """Return the CPU that the serving process and its ended children have used, as it says itself."""
        answer = await client.get(self.port, "/cpu")
        return answer["cpu_ns"] + answer["children_ns"]

    async def _check_clock(self) -> None:
        """Raise unless the clock read from here is the one that the process reads of itself."""
        before = await self.cpu_ns()
        between = (await client.get(self.port, "/cpu"))["cpu_ns"]
        if not before <= between <= await self.cpu_ns():
            raise VariantFailedError("the CPU clock read from outside is not the one of the serving process")

    def tool_cpu_s(self) -> float:
        """Return the CPU of what stands beside the server and started it: 0.0 where nothing does."""
        if self._launched is None or self._served_by is None or self._served_by.pid == self._launched.pid:
            return 0.0
        with suppress(psutil.Error):
            used = psutil.Process(self._launched.pid).cpu_times()
            return used.user + used.system
        return 0.0

    def last_words(self) -> str:
        """Return the last lines that it wrote."""
        lines = self._output.read_text(errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-3:]) or "it wrote nothing"

    def ask_to_stop(self) -> None:
        """Begin its end."""
        if self._launched is not None:
            self._launched.terminate()

    def stop(self) -> None:
        """End it: what does not go by itself is killed, the server too when its launcher left it behind."""
        if self._launched is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._launched.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(self._launched.pid, signal.SIGKILL)
        self._launched.wait()
        if self._served_by is not None:
            with suppress(psutil.NoSuchProcess):
                self._served_by.kill()


def stop_all(servers: list[Server]) -> None:
    """End all of them; a further Ctrl-C waits until that is done, since it would leave the rest running."""
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for server in servers:
            server.ask_to_stop()
        for server in servers:
            server.stop()
    finally:
        signal.signal(signal.SIGINT, heeded)


def free_ports(count: int) -> list[int]:
    """Return ports that were free together a moment ago, below the range that clients are given theirs from."""
    with ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            port = random.randrange(20_000, 32_000)
            with suppress(OSError):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                ports.append(port)
        return ports
