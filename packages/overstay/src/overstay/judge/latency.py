"""Whether the server gets slower with every session: latencies against the number of the visit."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from overstay.findings import Trend
from overstay.judge.trend import Z_99, floors, theil_sen

MATERIAL_SHARE = 0.10
"""A slowing below this share of the first fifth, across the run, is none (design: over 10 %)."""
_GROUPS = 10
"""Groups whose floors the slope goes through; few, so that a busy spell of the machine is shorter than one."""
_MUCH = 2.5
NOTICEABLE_MS = 1.0
"""Nor is one that adds up to less than a millisecond: a scheduler's tick, on loopback."""


@dataclass(frozen=True, slots=True)
class Slowing:
    """A trend, whether it means that the server gets slower, and whether more visits might show that it does."""

    trend: Trend | None
    is_material: bool = False
    is_suspect: bool = False


def slowing(latencies_ms: Sequence[tuple[int, float]]) -> Slowing:
    """Judge latencies in milliseconds, each with the ordinal of its visit.

    The slope is taken through floors, since other work on the machine only ever adds to a latency. Its sign must be
    certain to 99 %, or to 95 % when the latency has grown to more than twice. A busy machine has latencies that hang
    together, which no interval knows. A server that was slow for a while and has recovered does not get slower.
    """
    points = sorted((float(ordinal), latency) for ordinal, latency in latencies_ms)
    if len(points) < 10:
        return Slowing(None)
    fifth = max(len(points) // 5, 2)
    first = statistics.median(latency for _, latency in points[:fifth])
    last = statistics.median(latency for _, latency in points[-fifth:])
    low_points = floors(points, _GROUPS)
    slope, certain = theil_sen(low_points), theil_sen(low_points, Z_99)
    if slope is None or certain is None:
        return Slowing(None)
    trend = Trend(
        round(first, 2),
        round(last, 2),
        round(slope.slope * 100, 2),
        round(slope.low * 100, 2),
        round(slope.high * 100, 2),
    )
    visits = points[-1][0] - points[0][0]
    growth, (before, after) = slope.slope * visits, _ends(low_points)
    low = slope.low if after > _MUCH * before else certain.low
    is_material = _is_material(low * visits, first) and after - before > growth / 2
    return Slowing(trend, is_material, _is_material(growth, first))


def _is_material(growth: float, first: float) -> bool:
    return growth > MATERIAL_SHARE * first and growth > NOTICEABLE_MS


def _ends(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the medians of the first and the last quarter."""
    latencies = [latency for _, latency in points]
    quarter = max(len(latencies) // 4, 1)
    return statistics.median(latencies[:quarter]), statistics.median(latencies[-quarter:])
