"""Whether the server gets slower with every session: latencies against the number of the visit."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from overstay.findings import Trend
from overstay.judge.trend import floors, theil_sen

MATERIAL_SHARE = 0.10
"""A slowing below this share of the first fifth, across the run, is none (design: over 10 %)."""
NOTICEABLE_MS = 1.0
"""Nor is one that adds up to less than a millisecond: a scheduler's tick, on loopback."""


@dataclass(frozen=True, slots=True)
class Slowing:
    """A trend and whether it means that the server gets slower."""

    trend: Trend | None
    is_material: bool


def slowing(latencies_ms: Sequence[tuple[int, float]]) -> Slowing:
    """Judge latencies in milliseconds, each with the ordinal of its visit.

    The slope is taken through floors, since other work on the machine only ever adds to a latency, and a server that
    gets slower does so to the end: the later half must rise as well.
    """
    points = sorted((float(ordinal), latency) for ordinal, latency in latencies_ms)
    if len(points) < 10:
        return Slowing(None, False)
    fifth = max(len(points) // 5, 2)
    first = statistics.median(latency for _, latency in points[:fifth])
    last = statistics.median(latency for _, latency in points[-fifth:])
    low_points = floors(points)
    slope = theil_sen(low_points)
    if slope is None:
        return Slowing(None, False)
    trend = Trend(
        round(first, 2),
        round(last, 2),
        round(slope.slope * 100, 2),
        round(slope.low * 100, 2),
        round(slope.high * 100, 2),
    )
    across = slope.low * (points[-1][0] - points[0][0])
    is_material = across > MATERIAL_SHARE * first and across > NOTICEABLE_MS and _still_rises(low_points)
    return Slowing(trend, is_material)


def _still_rises(points: Sequence[tuple[float, float]]) -> bool:
    later = theil_sen(points[len(points) // 2 :])
    return later is None or later.slope > 0
