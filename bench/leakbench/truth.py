"""Ask every twin of the leak benchmark, without overstay, whether it is what it says.

    .venv/bin/python bench/leakbench/truth.py [--only GLOB] [--visits 10] [--jobs 1] [--clean]

Each server is visited with raw sockets and counted by `census/sitecustomize.py` and psutil: a leaky twin must keep
`per_session` of its kind for each visit that left by one of its departures, and nothing for others; a clean twin must
keep nothing of any kind. Objects and containers are counted by the case's own `[measure]`: a container that grows
keeps no connection, an object that stays is one or keeps one. Of the library cases only those are checked.
With --clean the caches of `clean/` are visited: each must come to its full size and then stay there.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from leakbench.case import TWINS, Case, Twin, load_all, replaced
from leakbench.environment import interpreter
from leakbench.plain_client import Leave, PlainClient, load_visit
from leakbench.strays import MARK, end_marked
from leakbench.trial import BENCH, free_port, listening, scratch

MEASURE_OF = {
    "task": "tasks",
    "session": "tasks",
    "timer": "timers",
    "thread": "threads",
    "job": "threads",
    "process": "processes",
    "file": "files",
    "socket": "descriptors",
    "descriptor": "descriptors",
    "object": "measure",
    "container": "measure",
}
HELD = frozenset({"object", "container"})
VENVS = BENCH.parents[1] / "build" / "leakbench" / "venvs"
SETTLE = 12.0
POOL = 3  # threads by which an executor may still grow after the first visits
Counts = Mapping[str, int]


class Server:
    """A running twin, with what is needed to visit and to count it."""

    def __init__(self, case: Case, twin: Twin, tmp: Path, python: Path) -> None:
        self.case, self.tmp, self.mark = case, tmp, f"truth-{case.name}-{twin}-{os.getpid()}"
        words = {
            "python": str(python),
            "bin": str(python.parent),
            "twin": twin,
            "port": str(free_port()),
            "beside_port": str(free_port()),
            "case": str(case.folder),
            "bench": str(BENCH),
            "tmp": str(tmp),
        }
        self.arguments = case.arguments[twin].replaced(words)
        self.port, self.beside_port = int(words["port"]), int(words["beside_port"])
        self.beside = replaced(case.beside, words)
        self.visit = load_visit(case.visit)
        self.kept: list[PlainClient] = []

    async def start(self) -> None:
        """Start it, and what stands beside it, and wait until both listen."""
        env = {**os.environ, "TMPDIR": str(self.tmp), MARK: self.mark, **self.arguments.env}
        if self.case.rule == "cycle-pressure":
            env["LEAKBENCH_CENSUS_GC"] = "off"
        if self.beside:
            await asyncio.create_subprocess_exec(*self.beside, env={**env, MARK: self.mark}, start_new_session=True)
            await listening(self.beside_port)
        with (self.tmp / "census-log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.arguments.command,
                cwd=self.case.folder,
                env={**env, "PYTHONPATH": str(BENCH / "census")},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await listening(self.port)

    async def make(self, departure: str, visits: int) -> list[float]:
        """Make visits that leave in one way; return the seconds until the end of each conversation."""
        seconds = []
        for n in range(1, visits + 1):
            client = PlainClient(self.arguments.url, n, departure)
            began = time.monotonic()
            with contextlib.suppress(Leave):
                await self.visit(client)
            seconds.append(time.monotonic() - began)
            await client.leave()
            if departure == "vanish":
                self.kept.append(client)
        return seconds

    async def count(self) -> Counts:
        """Return what the server's processes hold, its descendants and the files in its TMPDIR."""
        totals = dict.fromkeys(("tasks", "timers", "threads", "descriptors", "objects", "cyclic", "measure"), 0)
        for path in self.tmp.glob("census-[0-9]*"):
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(str(path))
                writer.write(f"{self.case.measure.expression}\n".encode())
                for name, number in json.loads(await reader.read()).items():
                    totals[name] += number
                writer.close()
        files = sum(not path.name.startswith("census-") for path in self.tmp.rglob("*") if not path.is_socket())
        return {**totals, "files": files, "processes": _processes(self.mark)}

    async def usual(self) -> Counts:
        """Return the most of each kind in a second: a server's own short sleeps come and go."""
        counts = []
        for _ in range(5):  # the first of them frees what only a collection frees
            counts.append(await self.count())
            await asyncio.sleep(0.2)
        return {name: max(count[name] for count in counts) for name in counts[0]}

    async def settled(self, at_most: Counts) -> Counts:
        """Return the counts as soon as none is above `at_most`, else after a while."""
        until = time.monotonic() + SETTLE
        while True:
            counts = await self.count()
            if time.monotonic() > until or all(counts[name] <= at_most[name] for name in at_most if name != "cyclic"):
                return counts
            await asyncio.sleep(0.3)


async def check(case: Case, twin: Twin, visits: int) -> list[str]:
    """Return what is not as the case says about one twin."""
    with scratch() as tmp:
        server = Server(case, twin, tmp, await interpreter(case, twin, VENVS))
        try:
            await server.start()
            if case.measure.full:
                return await _check_cache(server, case.measure.full)
            if case.kind == "latency":
                return await _check_latency(server, twin)
            return await _check_counts(server, twin, visits)
        except (OSError, EOFError, TimeoutError, ValueError) as err:
            return [f"could not be visited: {err!r}; {(tmp / 'census-log').read_text()[-500:]}"]
        finally:
            end_marked(server.mark)
            for client in server.kept:
                client.writer.close()


async def _check_counts(server: Server, twin: Twin, visits: int) -> list[str]:
    case, wrong = server.case, []
    await server.make("close", 8)  # pools fill, lazily made things are made
    await asyncio.sleep(SETTLE / 2)
    for departure in [*sorted(case.departures), "close"] if case.departures else ["close", "reset"]:
        leaks = twin == "leaky" and (departure in case.departures or not case.departures)
        before = await server.usual()
        await server.make(departure, visits)
        if leaks:
            await asyncio.sleep(SETTLE / 2)  # nothing to wait for: what stays, stays
        after = await server.count() if leaks else await server.settled(before)
        kept = {name: after[name] - before[name] for name in after if after[name] > before[name]}
        cyclic = after["cyclic"]
        kept.pop("cyclic", None)
        if case.rule == "cycle-pressure":
            kept |= {"measure": cyclic} if cyclic >= visits else {}
        if case.kind != "thread" and kept.get("threads", visits) <= POOL:
            del kept["threads"]
        measure, expected = MEASURE_OF[case.kind], round(visits * (case.per_session or 1.0)) if leaks else 0
        told = kept.get(measure, 0)
        if leaks and case.rule != "cycle-pressure" and case.kind in HELD:
            if (kept.get("objects", 0) >= visits / 2) != (case.kind == "object"):
                wrong.append(f"{departure}: is no {case.kind}: kept {kept}")
            if told > expected + 1:
                wrong.append(f"{departure}: expected {expected}, kept {kept}")
        if (told < expected) if leaks else bool(kept):
            wrong.append(f"{departure}: expected {expected} {measure} of {visits} visits, kept {kept}")
        elif leaks:
            print(f"    {case.name} {departure}: kept {kept}")
    return wrong


async def _check_cache(server: Server, full: int) -> list[str]:
    sizes = []
    for visits in (60, 20):
        await server.make("close", visits)
        await asyncio.sleep(1)
        sizes.append((await server.count())["measure"])
    print(f"    {server.case.name}: {sizes[0]} after 60 visits, {sizes[1]} after 80")
    return [] if sizes == [full, full] else [f"expected {full}, not {sizes}"]


async def _check_latency(server: Server, twin: Twin) -> list[str]:
    seconds = await server.make("close", 40)
    first, last = statistics.median(seconds[:8]), statistics.median(seconds[-8:])
    slower = last > 1.5 * first and last - first > 0.005
    told = f"first fifth {first * 1000:.1f} ms, last fifth {last * 1000:.1f} ms"
    print(f"    {server.case.name} {twin}: {told}")
    return [] if slower == (twin == "leaky") else [told]


def _processes(mark: str) -> int:
    """Count the living processes with the mark, and the zombies that they owe: those have no environment any more."""
    living, zombies_of = set(), list[int]()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                zombies_of.append(process.ppid())
            elif process.environ().get(MARK) == mark:
                living.add(process.pid)
    return len(living) + sum(parent in living for parent in zombies_of)


async def main() -> int:
    """Check the cases named and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="*", metavar="GLOB", help="only the cases with such a name")
    parser.add_argument("--visits", type=int, default=10, help="visits for each departure (10)")
    parser.add_argument("--jobs", type=int, default=1, help="servers at once (1)")
    parser.add_argument("--clean", action="store_true", help="the caches of the servers without a leak")
    options = parser.parse_args()
    cases = [
        case
        for case in load_all(BENCH / ("clean" if options.clean else "cases"), options.only)
        if (case.measure.full if options.clean else case.kind in HELD or not case.requirements)
    ]
    turns, failed = asyncio.Semaphore(options.jobs), list[str]()

    async def one(case: Case, twin: Twin) -> None:
        async with turns:
            wrong = await check(case, twin, options.visits)
        failed.extend(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {case.name} {twin} {'; '.join(wrong)}", flush=True)

    async with asyncio.TaskGroup() as group:
        for case in cases:
            for twin in TWINS[1:] if options.clean else TWINS:
                group.create_task(one(case, twin))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
