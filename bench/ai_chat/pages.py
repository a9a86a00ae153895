"""What a page costs: its opening, its memory while idle, a thousand of them, and what a hundred at once do to the rest.

    python bench/ai_chat/pages.py [--pages 200] [--sessions 1000] [--seconds 30] [--rounds 20] [--json FILE]

The server is `ai-chat` itself, with two MCP servers and a history of 100,000 messages. Exits 0 when every bar is met:
a page is ready in 20 ms (median); an idle session takes 60 KB; a thousand stay on one core and leave most of it free;
the loop lags at most 20 ms (p99) while a hundred pages open at once.

The lag is measured from outside: how long the answer to a ping frame takes on pages that are open already, one every
5 ms. That is the lag and the way, so more than the lag, never less; and other programs on the machine add to it. What
they add is told by the lateness of the prober's own timer, which has nothing else to do. Beside it, the same for a
`ping` of the application's, which takes a few passes of the loop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from chat_process import TWO_TOOL_SERVERS, ChatProcess
from filled_history import fill
from page import PATHS, Kind, Page, open_page, stay

BAR_READY_MS, BAR_MEMORY_KB, BAR_CPU, BAR_LATER_MS, BAR_LAG_MS = 20.0, 60.0, 0.5, 20.0, 20.0
MESSAGES = 100_000
CONF = (
    TWO_TOOL_SERVERS
    + "history: {url: 'sqlite+aiosqlite:///history.db'}\n"
    + "limits: {sessions_per_address: 1200}\n"  # all pages of this bench are at one address
)
AT_ONCE = 100
WARM_UP = 200
TURNS = 40
TURNS_AT_ONCE = 50  # fewer than the server's limit

Sample = tuple[
    str, float, float, float
]  # which question, when it was asked, what the answer took, how late it was asked


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, tails and number of times, in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    told = {"p50": median(seconds), "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
    return {name: value * 1e3 for name, value in told.items()} | {"n": len(seconds)}


async def open_many(port: int, kind: Kind, count: int) -> list[Page]:
    """So many pages, a few at once."""
    pages: list[Page] = []
    while len(pages) < count:
        pages += await asyncio.gather(*[open_page(port, kind) for _ in range(min(20, count - len(pages)))])
    return pages


async def opening(server: ChatProcess, kind: Kind, pages: int) -> dict[str, float]:
    """How long pages take, one after the other, from the TCP connect to the last frame of the opening."""
    seconds = []
    for _ in range(pages):
        began = time.perf_counter()
        page = await open_page(server.port, kind)
        seconds.append(time.perf_counter() - began)
        page.leave()
    return spread(seconds)


async def ready(server: ChatProcess, pages: int) -> dict[str, Any]:
    """The openings of both kinds, and whether the server's child processes stay the same."""
    before = server.children()
    openings = {kind: await opening(server, kind, pages) for kind in PATHS}
    return {"opening_ms": openings, "children": len(before), "same_children": server.children() == before}


@asynccontextmanager
async def staying(pages: list[Page]) -> AsyncGenerator[None, None]:
    """Let pages say that they are there, for the length of the block."""
    beating = asyncio.create_task(stay(pages))
    try:
        yield
    finally:
        beating.cancel()


async def leave_all(server: ChatProcess, pages: list[Page]) -> int:
    """Close the pages, and wait for the end of their sessions. How many the server had closed before."""
    lost = sum(not page.is_open for page in pages)
    for page in pages:
        page.leave()
    pages.clear()
    await server.until_zero(["sessions"])
    return lost


async def proportional(server: ChatProcess) -> float:
    """Its proportional share of memory in KB, once that stands still: what was made has gone, or stays."""
    sizes: list[int] = []
    while len(sizes) < 40 and (len(sizes) < 6 or max(sizes[-6:]) - min(sizes[-6:]) > 64):
        await asyncio.sleep(0.5)
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
        sizes.append(int(re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[0]))
    return sizes[-1]


def cpu(server: ChatProcess) -> float:
    """The seconds of CPU that it has used, without its children."""
    times = server.process.cpu_times()
    return times.user + times.system


async def memory(server: ChatProcess, kind: Kind, sessions: int) -> dict[str, float]:
    """The server's memory in KB, and what of it is an idle session's.

    The slope is that of the second half: the first fills what the warm-up has left free.
    """
    pages = await open_many(server.port, kind, min(WARM_UP, sessions))
    await leave_all(server, pages)
    sizes = {"none": await proportional(server)}
    async with staying(pages):
        pages += await open_many(server.port, kind, sessions // 2)
        sizes["half"] = await proportional(server)
        pages += await open_many(server.port, kind, sessions // 2)
        sizes["all"] = await proportional(server)
        for start in range(0, len(pages), TURNS_AT_ONCE):
            await asyncio.gather(*[page.turn(1) for page in pages[start : start + TURNS_AT_ONCE]])
        sizes["all, after a turn"] = await proportional(server)
        lost = await leave_all(server, pages)
        sizes["left"] = await proportional(server)
        pages += await open_many(server.port, kind, sessions)
        sizes["all, again"] = await proportional(server)
        lost += await leave_all(server, pages)
    slope = (sizes["all"] - sizes["half"]) / (sessions // 2)
    after = (sizes["all, after a turn"] - sizes["none"]) / sessions
    return {**sizes, "per_session": slope, "per_session_after_a_turn": after, "lost": lost}


async def thousand(server: ChatProcess, sessions: int, seconds: float) -> dict[str, Any]:
    """What idle sessions leave of a core: the server's share of it, and turns and openings of other pages."""
    alone = await other_pages(server)
    pages = await open_many(server.port, "native", sessions)
    async with staying(pages):
        await asyncio.sleep(2 * seconds / 10)
        used, began = cpu(server), time.monotonic()
        await asyncio.sleep(seconds)
        share = (cpu(server) - used) / (time.monotonic() - began)
        beside = await other_pages(server)
        lost = await leave_all(server, pages)
    return {"cpu": share, "alone_ms": alone, "beside_ms": beside, "lost": lost}


async def other_pages(server: ChatProcess) -> dict[str, dict[str, float]]:
    """The first replies of one page's turns, and openings."""
    page = await open_page(server.port, "native")
    async with staying([page]):
        replies = [await page.turn(number) for number in range(TURNS)]
    page.leave()
    return {"first_reply": spread(replies), "opening": await opening(server, "native", TURNS)}


async def lag(server: ChatProcess, rounds: int, history: str) -> dict[str, Any]:
    """The loop's lag while a hundred pages open: new ones, and such as come back to a chat of theirs."""
    found: dict[str, Any] = {}
    for name, hello in (("new", {}), ("coming back", {"history": history})):
        async with probing(server.port) as samples:
            windows = [await window(server.port, hello) for _ in range(rounds)]
        inside = [one for one in samples if any(begin <= one[1] <= end for begin, end in windows)]
        found[name] = {
            "lag_ms": spread([took for kind, _, took, _ in inside if kind == "frame"]),
            "session_ms": spread([took for kind, _, took, _ in inside if kind == "session"]),
            "prober_late_ms": spread([late for *_, late in inside]),
            "all_ready_ms": spread([end - begin for begin, end in windows]),
        }
    return found


async def window(port: int, hello: dict[str, object]) -> tuple[float, float]:
    """Open a hundred pages at once; when that began and ended. They stay a little, and leave."""
    began = time.monotonic()
    pages = await asyncio.gather(*[one_of_many(port, hello) for _ in range(AT_ONCE)])
    ended = time.monotonic()
    await asyncio.sleep(1.0)
    for page in pages:
        page.leave()
    await asyncio.sleep(1.0)
    return began, ended


async def one_of_many(port: int, hello: dict[str, object]) -> Page:
    """A page that has opened as a browser's does: with the list of its chats, and the chat that it comes back to."""
    page = await open_page(port, "native", **hello)
    told = await page.ask(type="history.list", id="list")
    if hello:
        told = await page.ask(type="history.open", id="open", **hello)
    page.send(type="seen", seq=told["seq"])
    return page


@asynccontextmanager
async def probing(port: int) -> AsyncGenerator[list[Sample], None]:
    """Ask the server whether it is there, for the length of the block. After it, the list has the prober's samples."""
    prober = Path(__file__).with_name("prober.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, prober, str(port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26
    )
    assert process.stdin is not None
    assert process.stdout is not None
    samples: list[Sample] = []
    try:
        await process.stdout.readline()
        yield samples
        process.stdin.close()
        samples += json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def running(folder: Path, filled: Path, cores: set[int] | None = None) -> ChatProcess:
    """A new server with a copy of a history, on these cores only."""
    server = ChatProcess(folder, CONF, cores=cores)
    shutil.copy(filled, folder / "history.db")
    return server


async def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures, each part on a server of its own."""
    filled = folder / "filled.db"
    chats = await fill(filled, options.messages)
    figures: dict[str, Any] = {}
    async with running(folder / "ready", filled) as server:
        figures["ready"] = await ready(server, options.pages)
    figures["memory"] = {}
    for kind in PATHS:
        async with running(folder / kind, filled) as server:
            figures["memory"][kind] = await memory(server, kind, options.sessions)
    cores = sorted(os.sched_getaffinity(0))
    async with running(folder / "thousand", filled, cores={cores[0]}) as server:
        os.sched_setaffinity(0, set(cores[1:]) or set(cores))  # nothing of ours takes the server's core
        figures["thousand"] = await thousand(server, options.sessions, options.seconds)
        os.sched_setaffinity(0, cores)
    async with running(folder / "lag", filled) as server:
        figures["lag"] = await lag(server, options.rounds, chats[len(chats) // 2])
    return figures


def bars(figures: dict[str, Any]) -> dict[str, bool]:
    """Which bars are met."""
    one, many = figures["ready"], figures["thousand"]
    later = many["beside_ms"]["first_reply"]["p95"] - many["alone_ms"]["first_reply"]["p95"]
    return {
        "ready": all(told["p50"] <= BAR_READY_MS for told in one["opening_ms"].values()),
        "no process started": one["same_children"] and one["children"] >= 2,
        "memory": all(told["per_session"] <= BAR_MEMORY_KB for told in figures["memory"].values()),
        "none dropped": not many["lost"] and not any(told["lost"] for told in figures["memory"].values()),
        "one core": many["cpu"] <= BAR_CPU and later <= BAR_LATER_MS,
        "lag": all(told["lag_ms"]["p99"] <= BAR_LAG_MS for told in figures["lag"].values()),
    }


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    for kind, told in figures["ready"]["opening_ms"].items():
        print(f"ready, {kind:<38} p50 {told['p50']:7.2f}  p95 {told['p95']:7.2f} ms")
    for kind, told in figures["memory"].items():
        after = told["per_session_after_a_turn"]
        print(f"idle session, {kind:<31} {told['per_session']:7.1f} KB  after a turn {after:.1f}")
        places = ("none", "all", "all, after a turn", "left", "all, again")
        print("  MB: " + ", ".join(f"{place} {told[place] / 1024:.1f}" for place in places))
    many = figures["thousand"]
    print(f"CPU of idle sessions on one core {'':12} {many['cpu']:7.1%}     lost {many['lost']}")
    for name in ("first_reply", "opening"):
        for what in ("alone", "beside"):
            told = many[f"{what}_ms"][name]
            print(f"{name.replace('_', ' ')}, {what:<31} p50 {told['p50']:7.2f}  p95 {told['p95']:7.2f} ms")
    for name, of in figures["lag"].items():
        for what in ("lag_ms", "session_ms", "prober_late_ms", "all_ready_ms"):
            told = of[what]
            print(
                f"100 at once, {name}: {what[:-3].replace('_', ' '):<18} p50 {told['p50']:7.2f}  "
                f"p99 {told['p99']:7.2f}  max {told['max']:7.2f} ms  ({told['n']})"
            )


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=200, help="openings of each kind (200)")
    parser.add_argument("--sessions", type=int, default=1_000, help="idle sessions (1000)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of idling (30)")
    parser.add_argument("--rounds", type=int, default=20, help="of a hundred pages at once (20)")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="in the history (100000)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), options))
    show(figures)
    met = bars(figures)
    for name, is_met in met.items():
        print("met   " if is_met else "missed", name)
    if options.json:
        options.json.write_text(json.dumps({**figures, "bars": met}, indent=1) + "\n")
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
