"""Rounds: every server driven in short laps, one server after the other, in an order drawn anew for every lap.

Two neighbours of ours on the machine slow a server down for a tenth of a second or for ten; slices of 0.2 s in a row
differed by 15 % between two servers that were the same. The same 0.2 s in 20 laps, with the other servers between,
differ by a third of that.

What a server does after the last reply is counted too (a ledger may retire its records a second later): the clock is
read over the whole time of the laps and `LATER_S` beyond. Taken off is what the server uses when nothing is asked of
it, measured in the next `LATER_S` with the same sessions still open. That is a figure of its own, so neither can hide
in the other.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field

from measure.lane import OPERATIONS, Lane, Operation, Slice

LAPS = 20
LATER_S = 1.0


@dataclass
class Readings:
    """What one server used in one round: by operation, idle, and everything with its ended children included."""

    slices: dict[str, Slice] = field(default_factory=dict)
    whole_ns: int = 0
    whole_s: float = 0.0

    def cpu_us(self, operation: str) -> float:
        """Return the CPU of one operation."""
        return self.slices[operation].cpu_us()

    def driven_us(self, operation: str) -> float:
        """Return the CPU of one operation without what the server put off."""
        return self.slices[operation].driven_us()

    def idle_ms_per_s(self, operation: str) -> float:
        """Return the CPU in a second without work, with the sessions of the operation open."""
        return self.slices[operation].idle_ns_per_s / 1e6


async def one_round(lanes: list[Lane], order: random.Random) -> dict[str, Readings]:
    """Return the readings of every lane that came through the whole round."""
    readings = {lane.name: Readings() for lane in lanes}
    began, at_start = time.monotonic(), {lane.name: await lane.attempt(lane.server.family_cpu_ns()) for lane in lanes}
    for operation in OPERATIONS:
        for name, done in (await drive(lanes, operation, order)).items():
            readings[name].slices[operation.name] = done
        await asyncio.sleep(LATER_S)  # what the closed sessions leave behind belongs to no operation
    for lane in working(lanes):
        at_end, before = await lane.attempt(lane.server.family_cpu_ns()), at_start[lane.name]
        if at_end is not None and before is not None:
            readings[lane.name].whole_ns = at_end - before
            readings[lane.name].whole_s = time.monotonic() - began
    return {lane.name: readings[lane.name] for lane in working(lanes)}


async def drive(
    lanes: list[Lane], operation: Operation, order: random.Random, *, laps: int = LAPS, later_s: float = LATER_S
) -> dict[str, Slice]:
    """Drive every lane that works, one at a time, and return its slice."""
    for lane in working(lanes):
        await lane.attempt(lane.prepare(operation))
    for _ in range(laps):
        for lane in order.sample(working(lanes), k=len(working(lanes))):
            await lane.attempt(lane.lap())
    await asyncio.sleep(later_s)
    for lane in working(lanes):
        await lane.attempt(lane.read())
    await asyncio.sleep(later_s)
    slices = {lane.name: await lane.attempt(lane.finish()) for lane in working(lanes)}
    return {name: done for name, done in slices.items() if done is not None}


def working(lanes: list[Lane]) -> list[Lane]:
    """Return the lanes that have not failed."""
    return [lane for lane in lanes if lane.failure is None]
