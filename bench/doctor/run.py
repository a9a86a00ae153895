"""How long the doctor takes, and how often it finds a rare leak.

    .venv/bin/python bench/doctor/run.py [--times 5] [--rare 20] [--jobs 3] [--json FILE]

Time: `doctor` with 40 sessions on a small clean server, without silent departures; the bar is 30 s for every run.
Rare leak: a task in 10 % of the sessions, at random, 40 sessions asked for; the bar is 85 % of the runs.
Exits 0 when both are met, else 1.
"""

import argparse
import asyncio
import contextlib
import json
import random
import signal
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
OVERSTAY = Path(sys.executable).parent / "overstay"
LOUD = "close,going-away,reset,half-close,mid-reply,mid-upload,mid-handshake"
SHARE = 0.1
BAR_SECONDS = 30.0
BAR_FOUND = 0.85


def free_port() -> int:
    """Return a port that nobody listens on, below those of outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


async def examine(share: float, *options: str) -> tuple[float, dict[str, object]]:
    """Run the doctor on the small server and return its seconds and its report."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["doctor", "--url", f"ws://127.0.0.1:{port}/ws", "--json", str(report), "--departures", LOUD, *options]
        command = ["--", sys.executable, str(HERE / "server.py"), str(port), str(share)]
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            str(OVERSTAY), *words, *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await process.wait()
        return time.monotonic() - began, json.loads(report.read_text(encoding="utf-8"))


async def seconds_of(times: int) -> list[float]:
    """Return how long the doctor takes, one run after the other."""
    taken = []
    for _ in range(times):
        seconds, report = await examine(0.0)
        assert report["verdict"] == "clean", report["verdict"]
        taken.append(seconds)
    return taken


async def found_of(runs: int, jobs: int) -> int:
    """Return in how many runs the rare leak was found."""
    turns = asyncio.Semaphore(jobs)

    async def one() -> bool:
        async with turns:
            _, report = await examine(SHARE, "--sessions", "40", "--settle", "3", "--second-look", "10")
            findings = report["findings"]
            assert isinstance(findings, list)
            return any(finding["kind"] == "task" and finding["verdict"] == "leak" for finding in findings)

    return sum(await asyncio.gather(*(one() for _ in range(runs))))


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description="How long the doctor takes, and how often it finds a rare leak.")
    parser.add_argument("--times", type=int, default=5, help="runs for the time (5)")
    parser.add_argument("--rare", type=int, default=20, help="runs for the rare leak (20)")
    parser.add_argument("--jobs", type=int, default=3, help="of those, at once (3)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    taken = asyncio.run(seconds_of(options.times))
    found = asyncio.run(found_of(options.rare, options.jobs))
    is_met = max(taken) < BAR_SECONDS and found >= BAR_FOUND * options.rare
    median, longest = statistics.median(taken), max(taken)
    print(f"doctor, 40 sessions: median {median:.1f} s, longest {longest:.1f} s (bar {BAR_SECONDS:.0f} s)")
    print(f"leak in {SHARE:.0%} of the sessions: found in {found} of {options.rare} runs (bar {BAR_FOUND:.0%})")
    print("met" if is_met else "missed")
    if options.json:
        figures = {"seconds": taken, "found": found, "runs": options.rare, "met": is_met}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
