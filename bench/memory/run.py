"""In how many sessions a leak in memory is proved, and whether a thousand sessions without one stay silent.

    .venv/bin/python bench/memory/run.py [--times 5] [--control 1000] [--jobs 2] [--json FILE]

Three real servers under `doctor`: one keeps 1 KB of each session in a list of its module, which must be a proved leak
at its line within 100 sessions; one keeps each connection, within 12; one keeps nothing and must have no finding in
1,000 sessions. The sessions counted are those the server saw, with all that the doctor added to be sure.
Exits 0 when all three are met, else 1.
"""

import argparse
import asyncio
import contextlib
import json
import random
import signal
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OVERSTAY = Path(sys.executable).parent / "overstay"
LOUD = "close,going-away,reset"


@dataclass(frozen=True, slots=True)
class Leak:
    """What a server keeps, the rule that names it, how many clients are asked for, and the bar in sessions."""

    name: str
    rule: str
    sessions: int
    bar: int

    @property
    def line(self) -> int:
        """Return the line of the server that keeps it."""
        lines = (HERE / "server.py").read_text(encoding="utf-8").splitlines()
        return next(number for number, text in enumerate(lines, 1) if text.endswith(f"# {self.name}"))

    def is_proved(self, report: dict[str, Any]) -> bool:
        """Tell whether a report says of this, and of nothing else, that it is a leak, and where."""
        told = [(one["rule"], one["verdict"], one["site"] and one["site"]["line"]) for one in report["findings"]]
        return told == [(self.rule, "leak", self.line)]


LEAKS = (Leak("kilobyte", "container-grows", 25, 100), Leak("connection", "object-outlives-session", 3, 12))


def free_port() -> int:
    """Return a port that nobody listens on, below those of outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


async def examine(keeps: str, sessions: int) -> dict[str, Any]:
    """Run the doctor on a server that keeps this and return its report."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        options = ["--url", f"ws://127.0.0.1:{port}/ws", "--json", str(path), "--sessions", str(sessions)]
        options += ["--departures", LOUD, "--settle", "3", "--second-look", "10"]
        server = [sys.executable, str(HERE / "server.py"), str(port), keeps]
        process = await asyncio.create_subprocess_exec(
            *(str(OVERSTAY), "doctor", *options, "--", *server),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await process.wait()
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report


async def measured(times: int, control: int, jobs: int) -> tuple[dict[str, list[int | None]], dict[str, Any]]:
    """Return for each leak the sessions of each run, None where it was not proved, and the report without a leak."""
    turns = asyncio.Semaphore(jobs)

    async def one(leak: Leak) -> int | None:
        async with turns:
            report = await examine(leak.name, leak.sessions)
            return int(report["run"]["sessions"]) if leak.is_proved(report) else None

    async def silent() -> dict[str, Any]:
        async with turns:
            return await examine("nothing", control)

    quiet = asyncio.create_task(silent())
    needed = {leak.name: await asyncio.gather(*(one(leak) for _ in range(times))) for leak in LEAKS}
    return needed, await quiet


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=5, help="runs of each server that leaks (5)")
    parser.add_argument("--control", type=int, default=1000, help="sessions of the server that keeps nothing (1000)")
    parser.add_argument("--jobs", type=int, default=2, help="servers visited at once (2)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    needed, control = asyncio.run(measured(options.times, options.control, options.jobs))
    alarms = [f"{one['rule']}, {one['verdict']}: {one['title']}" for one in control["findings"]]
    seen = control["run"]["sessions"]
    is_met = control["verdict"] == "clean" and not alarms and seen >= options.control
    for leak in LEAKS:
        proved = [sessions for sessions in needed[leak.name] if sessions is not None]
        is_met = is_met and len(proved) == options.times and max(proved) <= leak.bar
        longest = f"at most {max(proved)} sessions" if proved else "never"
        print(f"{leak.name} kept: proved in {len(proved)} of {options.times} runs, {longest} (bar {leak.bar})")
    print(f"nothing kept: {len(alarms)} false alarms in {seen} sessions, verdict {control['verdict']} (bar 0)")
    print(*alarms, "met" if is_met else "missed", sep="\n")
    if options.json:
        bars = [{**asdict(leak), "needed": needed[leak.name]} for leak in LEAKS]
        figures = {"leaks": bars, "control": {"sessions": seen, "alarms": alarms, "verdict": control["verdict"]}}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({**figures, "met": is_met}, indent=2) + "\n", encoding="utf-8")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
