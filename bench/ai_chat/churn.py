"""Open, chat and leave 10,000 times, in all ways, and see whether the chat server is the same as before.

    python bench/ai_chat/churn.py [--cycles 10000] [--checkpoints 20] [--concurrency 24] [--seed 1] [--json FILE]

The server runs as its own process with two MCP servers, a history on disk and the proxy's room; the pages do what
`visit.py` says and leave by every departure that overstay knows, in random order. At each checkpoint all clients have
gone, and the server's process is counted from outside and by a thread within, after a collection; then pages come one
by one, and it is measured how long they take to be ready and to see the first sentence of an answer. The same pages
come to a twin that nobody else visits, in turn: what the machine does meanwhile slows both, and their ratio tells what
the churn has done.

Exit code 0 when
- no visit failed;
- tasks, threads, descriptors, child processes and files are as many as after the warm-up;
- live objects, and blocks of memory, do not grow: their slope's 95 % interval includes zero, or they have grown by less
  than one in a hundred cycles;
- neither latency grows against the twin's: the interval of the ratio's slope includes zero, or it has changed by less
  than 5 % over the run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import websockets
from chat_process import TWO_TOOL_SERVERS, ChatProcess
from rich.console import Console
from rich.table import Table

from overstay.judge.trend import Slope, theil_sen
from overstay.visits.departure import Departure
from overstay.visits.destination import Destination
from overstay.visits.driver import Driver
from overstay.visits.record import VisitRecord
from overstay.visits.script import VisitScript

HERE = Path(__file__).parent
WARM_UP = 600
READS_AT_ONCE = 60
PROBES = 40
QUIET = ("sessions", "connections", "turns_running", "turns_waiting", "syntheses", "room_waiting")
SAME = ("tasks", "threads", "descriptors", "children", "files")
GROWING = ("objects", "blocks")
LATENCIES = ("ready", "first sentence")  # each as a ratio to the twin's
LEAST = 0.01  # live objects a cycle that count as growth
FLAT = 0.05
CONF = """
system_config: {{config_alts_dir: {characters}, enable_proxy: true}}
history: {{url: "sqlite+aiosqlite:///history.db"}}
limits: {{heartbeat_seconds: 2, resume_seconds: 1, send_seconds: 3}}
"""


class Counted:
    """The server's process, counted from outside and asked within."""

    def __init__(self, server: ChatProcess, questions: int, answers: int) -> None:
        self.port = server.port
        self._server = server
        self._questions = questions
        self._answers = os.fdopen(answers)

    async def be_quiet(self) -> None:
        """Wait until the last session has ended."""
        await self._server.until_zero(QUIET)

    def count(self) -> dict[str, Any]:
        """What the process has."""
        os.write(self._questions, b"\n")
        within: dict[str, Any] = json.loads(self._answers.readline())
        process = self._server.process
        return {
            **within,
            "threads": process.num_threads(),
            "descriptors": process.num_fds(),
            "children": len(self._server.children()),
            "files": sum(path.is_file() for path in self._server.folder.rglob("*")),
            "resident_mb": process.memory_info().rss / 1e6,
        }


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Counted, None]:
    """A server with everything in this folder; ended with the block."""
    conf = CONF.format(characters=HERE.parents[1] / "packages/ai_chat/characters") + TWO_TOOL_SERVERS
    (read_questions, questions), (answers, write_answers) = os.pipe(), os.pipe()
    ours = [read_questions, write_answers]
    command = (sys.executable, HERE / "counted_server.py", *map(str, ours))
    server = ChatProcess(folder / "server", conf, command=command, pass_fds=ours)
    try:
        async with server:
            for descriptor in ours:
                os.close(descriptor)
            yield Counted(server, questions, answers)
    finally:
        os.close(questions)


async def probe(port: int, number: int) -> tuple[float, float]:
    """Milliseconds from the connect to the welcome, and from what was said to the first sentence of the answer."""
    began = time.perf_counter()
    async with websockets.connect(f"ws://127.0.0.1:{port}/v1/ws", compression=None) as page:
        await page.send(json.dumps({"type": "hello", "version": 1, "audio": False}))
        while json.loads(await page.recv())["type"] != "welcome":
            pass
        ready = time.perf_counter()
        await page.send(json.dumps({"type": "say", "id": f"probe-{number}", "text": "hello"}))
        while json.loads(await page.recv())["type"] != "sentence":
            pass
        seen = time.perf_counter()
        while json.loads(await page.recv())["type"] != "turn.end":
            pass
        await page.send(json.dumps({"type": "bye"}))
        async for _ in page:
            pass
    return (ready - began) * 1e3, (seen - ready) * 1e3


async def search(port: int) -> None:
    """Look for something in the history: a read on a connection of the pool."""
    async with websockets.connect(f"ws://127.0.0.1:{port}/v1/ws", compression=None) as page:
        await page.send(json.dumps({"type": "hello", "version": 1}))
        await page.send(json.dumps({"type": "history.search", "id": "search", "query": "你好"}))
        while json.loads(await page.recv())["type"] != "history.search":
            pass


class Churn:
    """The cycles, and what was seen at the checkpoints."""

    def __init__(self, server: Counted, twin: Counted, options: argparse.Namespace, console: Console) -> None:
        self.checkpoints: list[dict[str, Any]] = []
        self.records: list[VisitRecord] = []
        self._server = server
        self._twin = twin
        self._concurrency = options.concurrency
        self._random = random.Random(options.seed)
        self._console = console
        self._destination = Destination(f"ws://127.0.0.1:{server.port}/v1/ws")
        self._script = VisitScript.load(HERE / "visit.py")

    async def warm_up(self) -> None:
        """What is made once is made, and every pool is full: none of it counts."""
        await self._cycles(WARM_UP, 3 * self._concurrency)
        await asyncio.gather(*[search(self._server.port) for _ in range(READS_AT_ONCE)])
        await self._checkpoint()
        self.records.clear()
        self.checkpoints.clear()
        await self._checkpoint()

    async def run(self, cycles: int) -> None:
        """Make so many cycles, and look at what is there then."""
        await self._cycles(cycles, self._concurrency)
        await self._checkpoint()

    async def _cycles(self, count: int, concurrency: int) -> None:
        ways = list(Departure)
        departures = [ways[number % len(ways)] for number in range(count)]
        self._random.shuffle(departures)
        # A driver for each round: it keeps the sockets of those that left silently.
        driver = Driver(self._destination, self._script, concurrency=concurrency, visit_timeout=60)
        try:
            self.records += await driver.make(departures, first_n=len(self.records) + 1)
            await self._server.be_quiet()
        finally:
            await driver.aclose()

    async def _checkpoint(self) -> None:
        ours, twins = [], []
        for number in range(PROBES):
            ours.append(await probe(self._server.port, number))
            twins.append(await probe(self._twin.port, number))
        await self._server.be_quiet()
        seen = await asyncio.to_thread(self._server.count)
        seen["cycles"] = len(self.records)
        for name, our, other in zip(LATENCIES, zip(*ours, strict=True), zip(*twins, strict=True), strict=True):
            seen |= {f"{name} ms": median(our), f"{name} ms, twin": median(other), name: median(our) / median(other)}
        self.checkpoints.append(seen)
        self._console.print(
            f"{seen['cycles']:>6} cycles: "
            + ", ".join(f"{seen[name]} {name}" for name in SAME + GROWING)
            + f", {seen['resident_mb']:.0f} MB"
            + "".join(f", {name} {seen[f'{name} ms']:.1f} ms ({seen[name]:.2f} of the twin's)" for name in LATENCIES)
        )


def slope_of(checkpoints: Sequence[dict[str, Any]], name: str) -> Slope | None:
    """The growth per cycle."""
    return theil_sen([(seen["cycles"], float(seen[name])) for seen in checkpoints])


def judge(churn: Churn) -> list[dict[str, Any]]:
    """A verdict on each figure."""
    base, last = churn.checkpoints[0], churn.checkpoints[-1]
    cycles = last["cycles"]
    verdicts = [
        {"what": name, "first": base[name], "last": last[name], "holds": last[name] <= base[name]} for name in SAME
    ]
    for name in GROWING + LATENCIES:
        slope = slope_of(churn.checkpoints, name)
        if slope is None:
            verdicts.append({"what": name, "first": base[name], "last": last[name], "holds": False})
            continue
        small = LEAST if name in GROWING else FLAT * base[name] / cycles
        holds = slope.low <= 0 <= slope.high or slope.slope < 0 or slope.slope < small
        verdicts.append({
            "what": name, "first": base[name], "last": last[name], "holds": holds,
            "per_cycle": slope.slope, "low": slope.low, "high": slope.high,
        })  # fmt: skip
    failed = [record for record in churn.records if record.problem is not None]
    return [*verdicts, {"what": "failed visits", "first": 0, "last": len(failed), "holds": not failed}]


def show(churn: Churn, verdicts: list[dict[str, Any]], console: Console) -> None:
    """Print the table, and of what failed the first few."""
    table = Table("", "at first", "in the end", "per cycle (95 %)", "")
    for one in verdicts:
        each = f"{one['per_cycle']:+.5f} ({one['low']:+.5f} to {one['high']:+.5f})" if "per_cycle" in one else ""
        table.add_row(
            one["what"], f"{one['first']:.6g}", f"{one['last']:.6g}", each, "holds" if one["holds"] else "GROWS"
        )
    console.print(table)
    for record in [record for record in churn.records if record.problem is not None][:5]:
        console.print(f"visit {record.n}, {record.departure}: {record.problem}")
    if not all(one["holds"] for one in verdicts):
        grown = ", ".join(f"{name} {each:+.4f}" for name, each in growth_of_types(churn.checkpoints)[:12])
        console.print(f"objects that become more, per cycle: {grown}")


def growth_of_types(checkpoints: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    """The types of which there are more and more, with their growth per cycle, the fastest first."""
    names = {name for seen in checkpoints for name in seen["types"]}
    slopes = {
        name: theil_sen([(seen["cycles"], float(seen["types"].get(name, 0))) for seen in checkpoints]) for name in names
    }
    grown = [(name, slope.slope) for name, slope in slopes.items() if slope is not None and slope.slope > 0]
    return sorted(grown, key=lambda one: -one[1])


async def measure(options: argparse.Namespace, console: Console) -> tuple[Churn, float]:
    """Make all cycles; also gives the seconds that they took."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder) / "churned") as server, running(Path(folder) / "twin") as twin:
            churn = Churn(server, twin, options, console)
            await churn.warm_up()
            began = time.monotonic()
            size = -(-options.cycles // options.checkpoints)
            while (left := options.cycles - len(churn.records)) > 0:
                await churn.run(min(size, left))
            return churn, time.monotonic() - began


def main() -> int:
    """Churn, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--checkpoints", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console = Console(width=140, soft_wrap=True)
    churn, seconds = asyncio.run(measure(options, console))
    verdicts = judge(churn)
    show(churn, verdicts, console)
    ways = Counter(str(record.departure) for record in churn.records)
    shown = Counter(str(record.departure) for record in churn.records if record.exercised)
    console.print(
        f"{len(churn.records)} cycles in {seconds:.0f} s; left by "
        + ", ".join(f"{way} {shown[way]} of {ways[way]}" for way in sorted(ways))
    )
    if options.json:
        told = [{name: value for name, value in seen.items() if name != "types"} for seen in churn.checkpoints]
        document = {
            "cycles": len(churn.records),
            "seconds": seconds,
            "verdicts": verdicts,
            "checkpoints": told,
            "departures": ways,
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if all(one["holds"] for one in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
