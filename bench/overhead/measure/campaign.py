"""A campaign: all variants on one event loop, started together, measured in rounds, started anew, and so on."""

import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measure.lane import OPERATIONS, Lane
from measure.process import Server, free_ports, stop_all
from measure.rounds import Readings, drive, one_round, working
from measure.variants import Variant, all_variants

ROUNDS_PER_START = 3
WARM_UP_LAPS = 5


@dataclass
class Campaign:
    """What was read on one event loop: rounds grouped by start, and the variants that failed with the reason."""

    loop: str
    starts: list[list[dict[str, Readings]]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    tool_cpu_s: dict[str, float] = field(default_factory=dict)
    tool_wall_s: float = 0.0

    @property
    def rounds(self) -> int:
        """How many rounds are complete."""
        return sum(map(len, self.starts))

    def each_round(self, read: Callable[[dict[str, Readings]], float]) -> list[list[float]]:
        """Return one number of every round, grouped by start."""
        return [[read(readings) for readings in rounds] for rounds in self.starts]


async def measure(loop: str, rounds: int, *, python: Path, overstay: Path | None, order: random.Random) -> Campaign:
    """Measure every variant in `rounds` rounds. A variant that fails once is left out from then on, and named."""
    campaign = Campaign(loop)
    _tell(f"{loop}: starting the servers")
    while campaign.rounds < rounds and "none" not in campaign.failures:
        with tempfile.TemporaryDirectory(prefix="overstay-overhead-") as folder:
            scratch = Path(folder)
            wanted = [each for each in all_variants(scratch, overstay) if each.name not in campaign.failures]
            async with started(wanted, loop, python, scratch) as lanes:
                count = min(ROUNDS_PER_START, rounds - campaign.rounds)
                await _measure_one_start(campaign, lanes, count, of=rounds, order=order)
    return campaign


@asynccontextmanager
async def started(variants: list[Variant], loop: str, python: Path, scratch: Path) -> AsyncIterator[list[Lane]]:
    """Start the servers together and stop them whatever happens."""
    ports = free_ports(len(variants))
    servers = [Server(variant, port, loop=loop, scratch=scratch) for variant, port in zip(variants, ports, strict=True)]
    lanes = [Lane(server) for server in servers]
    try:
        for lane in lanes:
            lane.start(python)
        await asyncio.gather(*(lane.attempt(lane.server.ready()) for lane in working(lanes)))
        yield lanes
    finally:
        stop_all(servers)


async def _measure_one_start(
    campaign: Campaign, lanes: list[Lane], count: int, *, of: int, order: random.Random
) -> None:
    for operation in OPERATIONS:
        await drive(lanes, operation, order, laps=WARM_UP_LAPS, later_s=0.1)
    began, tool = asyncio.get_running_loop().time(), {lane.name: lane.server.tool_cpu_s() for lane in lanes}
    start: list[dict[str, Readings]] = []
    campaign.starts.append(start)
    for _ in range(count):
        start.append(await one_round(working(lanes), order))
        _tell(f"{campaign.loop}: round {campaign.rounds} of {of}")
    for lane in working(lanes):
        await lane.attempt(lane.server.check_instruments(lane.sessions_made))
        used = lane.server.tool_cpu_s() - tool[lane.name]
        campaign.tool_cpu_s[lane.name] = campaign.tool_cpu_s.get(lane.name, 0.0) + used
    campaign.tool_wall_s += asyncio.get_running_loop().time() - began
    campaign.failures |= {lane.name: lane.failure for lane in lanes if lane.failure is not None}


def _tell(progress: str) -> None:
    """Show how far it is: in one line on a terminal, in a line each elsewhere."""
    on_terminal = sys.stderr.isatty()
    print(f"\r{progress:40}" if on_terminal else progress, end="" if on_terminal else "\n", file=sys.stderr, flush=True)
