"""What an append costs at message 10, 10,000 and 100,000, and the loop's lag beside a history of 100,000.

    python bench/history/run.py [--rounds 20] [--seconds 15] [--json FILE]

Each round appends to all three databases in turn, one message after the other; the ratio is that of a round's medians,
its interval a bootstrap over the rounds. Exit code 0 when the cost at 100,000 is at most 1.2 times that at 10 (the
interval's upper end is not above it) and the loop's lag p99 is at most 20 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from ai_chat.config_manager.settings import HistorySettings
from ai_chat.history.store import ChatHistory

APPENDS = 40
RATIO = 1.2
LAG = 0.020
WORDS = [
    "the",
    "weather",
    "is",
    "fine",
    "today",
    "今天天气很好",
    "我们去公园散步吧",
    "tell",
    "me",
    "a",
    "story",
    "about",
    "cats",
    "讲一个故事",
]


def settings(folder: Path, name: str) -> HistorySettings:
    """A database of its own."""
    return HistorySettings(url=f"sqlite+aiosqlite:///{folder}/{name}.db")


def sentence(number: int) -> str:
    """A text that differs from its neighbours."""
    chosen = random.Random(number)
    return " ".join(chosen.choice(WORDS) for _ in range(12)) + f" {number}"


async def fill(history: ChatHistory, count: int) -> str:
    """A history with `count` messages."""
    uid = history.begin("bench")
    for start in range(0, count, 1_000):
        some = range(start, min(count, start + 1_000))
        await asyncio.gather(*[history.append("bench", uid, role="human", text=sentence(n)) for n in some])
    return uid


async def cost(history: ChatHistory, uid: str) -> tuple[float, float]:
    """Median latency and mean CPU of an append, in microseconds. The CPU is the whole process's, threads too."""
    latencies = []
    cpu = time.process_time()
    for number in range(APPENDS):
        begin = time.perf_counter()
        await history.append("bench", uid, role="human", text=sentence(number))
        latencies.append(time.perf_counter() - begin)
    return median(latencies) * 1e6, (time.process_time() - cpu) / APPENDS * 1e6


async def round_of_costs(folder: Path, number: int, filled: dict[int, tuple[ChatHistory, str]]) -> dict[int, Any]:
    """The costs at each size. Message 10 is one of a new database each time; the order changes."""
    async with ChatHistory(settings(folder, f"new{number}")) as new:
        sizes = {10: (new, await fill(new, 10)), **filled}
        order = sorted(sizes) if number % 2 else sorted(sizes, reverse=True)
        return {size: await cost(*sizes[size]) for size in order}


def ratio_of(rounds: list[dict[int, Any]], of: int, which: int) -> dict[str, float]:
    """The median over the rounds of a size's cost to that at 10, with its 95 % interval."""
    ratios = [one[of][which] / one[10][which] for one in rounds]
    chosen = random.Random(0)
    medians = sorted(median(chosen.choices(ratios, k=len(ratios))) for _ in range(2_000))
    return {"ratio": median(ratios), "low": medians[50], "high": medians[1_949]}


async def lag_of(seconds: float, load: Callable[[asyncio.TaskGroup], list[asyncio.Task[None]]]) -> dict[str, float]:
    """How late a timer of 2 ms is, in milliseconds, while the load runs."""
    lags = []
    async with asyncio.TaskGroup() as group:
        tasks = load(group)
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            await asyncio.sleep(0.002)
            lags.append((time.perf_counter() - begin - 0.002) * 1e3)
        for task in tasks:
            task.cancel()
    cuts = quantiles(lags, n=100)
    return {"p50": cuts[49], "p99": cuts[98], "max": max(lags), "samples": len(lags)}


def load_on(history: ChatHistory, uid: str, done: dict[str, list[float]]) -> Callable[..., list[asyncio.Task[None]]]:
    """Appends, lists and searches, each over and over; `done` gets their times in milliseconds."""

    async def over_and_over(name: str, request: Callable[[], Any], pause: float) -> None:
        while True:
            begin = time.perf_counter()
            await request()
            done.setdefault(name, []).append((time.perf_counter() - begin) * 1e3)
            await asyncio.sleep(pause)

    requests: list[tuple[str, Callable[[], Any], float]] = [
        ("append", lambda: history.append("bench", uid, role="human", text=sentence(7)), 0.01),
        ("append", lambda: history.append("bench", uid, role="ai", text=sentence(8)), 0.01),
        ("list", lambda: history.list("bench"), 0.05),
        ("messages", lambda: history.messages("bench", uid), 0.05),
        ("search trigram", lambda: history.search("bench", "天气很好"), 0.05),
        ("search rare", lambda: history.search("bench", " 77777"), 0.05),
        ("search two letters", lambda: history.search("bench", "散步"), 0.1),
        ("search nothing", lambda: history.search("bench", "没有"), 0.5),
    ]
    return lambda group: [group.create_task(over_and_over(*one)) for one in requests]


async def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    async with AsyncExitStack() as stack:
        filled: dict[int, tuple[ChatHistory, str]] = {}
        for size in (10_000, 100_000):
            history = await stack.enter_async_context(ChatHistory(settings(folder, f"filled{size}")))
            filled[size] = (history, await fill(history, size))
        rounds = [await round_of_costs(folder, number, filled) for number in range(options.rounds)]
        times: dict[str, list[float]] = {}
        idle = await lag_of(options.seconds / 3, lambda _group: [])
        lag = await lag_of(options.seconds, load_on(*filled[100_000], times))
    sizes = (10, 10_000, 100_000)
    return {
        "latency_us": {size: quantiles([one[size][0] for one in rounds], n=4) for size in sizes},
        "cpu_us": {size: quantiles([one[size][1] for one in rounds], n=4) for size in sizes},
        "latency_ratio": ratio_of(rounds, 100_000, 0),
        "cpu_ratio": ratio_of(rounds, 100_000, 1),
        "lag_ms": lag,
        "lag_idle_ms": idle,
        "times_ms": {name: {"p50": median(some), "max": max(some), "n": len(some)} for name, some in times.items()},
    }


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    for what in ("latency_us", "cpu_us"):
        for size, (low, middle, high) in figures[what].items():
            print(f"append at message {size:>7,}  {what:<10} {middle:7.0f}  (quartiles {low:.0f} to {high:.0f})")
    for what in ("latency_ratio", "cpu_ratio"):
        one = figures[what]
        print(f"{what:<14} 100,000 to 10: {one['ratio']:.2f}  (95 % {one['low']:.2f} to {one['high']:.2f})")
    for what in ("lag_idle_ms", "lag_ms"):
        one = figures[what]
        print(
            f"{what:<12} p50 {one['p50']:.2f}  p99 {one['p99']:.2f}  max {one['max']:.1f}  ({one['samples']} samples)"
        )
    for name, one in figures["times_ms"].items():
        print(f"{name:<20} p50 {one['p50']:7.1f} ms  max {one['max']:7.1f} ms  n {one['n']}")


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), options))
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    is_flat = all(figures[one]["high"] <= RATIO for one in ("latency_ratio", "cpu_ratio"))
    return 0 if is_flat and figures["lag_ms"]["p99"] <= LAG * 1e3 else 1


if __name__ == "__main__":
    sys.exit(main())
