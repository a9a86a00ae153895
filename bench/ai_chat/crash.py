"""Kill -9 the chat server under load, at random moments, and look in its histories for all that was acknowledged.

    python bench/ai_chat/crash.py [--times 50] [--pages 10] [--seconds 2.5] [--seed 1] [--json FILE]

Each time half of the pages speak the native protocol and half Open-LLM-VTuber's. The server is started again on the
same database, and the pages read their histories through the protocol; what a native page is not sure of it says again
with the same id. After the last time all histories of all times are read once more.

Exit code 0 when no acknowledged message and no answer whose end was told is missing, twice or out of order, and no
process of a killed server is left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

from chat_process import ChatProcess
from talkers import Message, NativePage, OpenLLMVTuberPage, Page

Figures = Counter[str]
# Clients talk as fast as they can.
CONF = "limits: {messages_per_second: 10000, messages_burst: 10000, messages_per_second_per_address: 10000}"
BAD = ("missing", "twice", "out_of_order", "unknown", "left")


async def live(server: ChatProcess, pages: list[Page], seconds: float) -> int:
    """Let the pages talk, kill the server, and let them read to the end; how many processes it left."""
    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(page.talk(server.port))
        await asyncio.sleep(seconds)
        return await server.kill()


def compare(page: Page, stored: list[Message]) -> Figures:
    """What is wrong with a history, to all that its page knows."""
    found = Figures()
    rest = iter(stored)
    for kept in page.kept:
        if not any(kept.is_same(one) for one in stored):
            found["missing"] += 1
        elif not any(kept.is_same(one) for one in rest):
            found["out_of_order"] += 1
            rest = iter(stored)
    said = Counter(one.text for one in stored if one.role == "human")
    found["twice"] += sum(said[text] > 1 for text in said)
    found["unknown"] += len(said.keys() - set(page.texts))
    roles = [one.role for one in stored]
    found["twice"] += sum(pair == ("ai", "ai") for pair in pairwise(roles))
    return +found


async def look(server: ChatProcess, pages: list[Page]) -> Figures:
    """What is wrong with the histories of the pages."""
    wrong = Figures()
    for page in pages:
        found = compare(page, await page.messages(server.port))
        if found:
            print(f"{page.name}, history {page.history}: {dict(found)}", file=sys.stderr)
        wrong += found
    return wrong


async def say_again(server: ChatProcess, pages: list[Page]) -> Figures:
    """Let the pages say again what they are not sure of."""
    figures = Figures()
    for page in pages:
        if page.unsure and isinstance(page, NativePage):
            figures["said_again"] += 1
            figures["said_again_committed"] += await page.say_again(server.port)
    return figures


def make_pages(time: int, count: int, moments: random.Random) -> list[Page]:
    """Pages of both kinds, with names that make texts unique and no sum for the script."""
    return [
        (OpenLLMVTuberPage if number % 2 else NativePage)(f"page {number} of time {time}", moments.getrandbits(32))
        for number in range(count)
    ]


async def measure(folder: Path, options: argparse.Namespace) -> Figures:
    """Kill as often as asked; all figures."""
    figures = Figures()
    moments = random.Random(options.seed)
    everyone: list[Page] = []
    server = ChatProcess(folder / "server", CONF)
    await server.start()
    try:
        for time in range(options.times):
            pages = make_pages(time, options.pages, moments)
            figures["tool_servers"] += len(server.children())
            figures["left"] += await live(server, pages, moments.uniform(0.02, options.seconds))
            await server.start()
            figures += await look(server, pages)
            figures += await say_again(server, pages)
            figures += await look(server, pages)
            everyone += pages
        figures += await look(server, everyone)
    finally:
        await server.kill()
    kept = Counter((type(page).__name__, one.role) for page in everyone for one in page.kept)
    figures += Figures({f"{name}_{role}": count for (name, role), count in kept.items()})
    return figures


def show(figures: Figures, times: int) -> None:
    """Print the line."""
    told = {role: figures[f"NativePage_{role}"] + figures[f"OpenLLMVTuberPage_{role}"] for role in ("human", "ai")}
    print(
        f"{times} kills: {told['human']} messages acknowledged and {told['ai']} answers ended; "
        f"{figures['missing']} of them missing, {figures['out_of_order']} out of order, "
        f"{figures['twice'] + figures['unknown']} that should not be there; "
        f"{figures['said_again']} said again, of which {figures['said_again_committed']} had been committed; "
        f"{figures['left']} of {figures['tool_servers']} tool servers left"
    )


def main() -> int:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), options))
    show(figures, options.times)
    if options.json:
        options.json.write_text(json.dumps({"kills": options.times, **figures}, indent=1) + "\n")
    is_good = not any(figures[name] for name in BAD)
    return 0 if is_good and figures["NativePage_human"] and figures["OpenLLMVTuberPage_human"] else 1


if __name__ == "__main__":
    sys.exit(main())
