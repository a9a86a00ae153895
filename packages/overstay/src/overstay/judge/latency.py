"""Whether the server gets slower with every session: latencies against the number of the visit."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from overstay.findings import Disturbance, Trend
from overstay.judge.load import Load, first_and_last
from overstay.judge.trend import Z_99, floors, theil_sen

MATERIAL_SHARE = 0.10
"""A slowing below this share of the first fifth, across the run, is none (design: over 10 %)."""
_GROUPS = 10
"""Groups whose floors the slope goes through; few, so that a busy spell of the machine is shorter than one."""
_MUCH = 2.5
NOTICEABLE_MS = 1.0
"""Nor is one that adds up to less than a millisecond: a scheduler's tick, on loopback."""
_BUSIER = 0.15
"""What other programs must take more of the machine than before to be the reason for a slowing."""
_NEARLY_ALL = 0.85
"""The share from which on the machine has nothing left to give."""


@dataclass(frozen=True, slots=True)
class Slowing:
    """A trend, whether it means that the server gets slower, and whether more visits might show that it does.

    With a disturbance it cannot be said what the trend means.
    """

    trend: Trend | None
    is_material: bool = False
    is_suspect: bool = False
    disturbance: Disturbance | None = None


def slowing(latencies_ms: Sequence[tuple[int, float]], loads: Mapping[int, Load] | None = None) -> Slowing:
    """Judge latencies in milliseconds, each with the ordinal of its visit; `loads` has the load by the same ordinals.

    A slowing that the load's ups and downs hide may show without what the server waited for a CPU. Where other programs
    took more of the machine in the end than at first, a slowing must show in the visits made before they did; else it
    is disturbed. So it is where they took nearly all of it, since that share does not tell how many they were, unless
    the latency has grown to more than twice without those waits. A load that stays, or goes, makes no server slower.
    """
    judged, unstretched = _slowing(latencies_ms), _slowing(_unstretched(latencies_ms, loads or {}))
    judged = replace(judged, is_material=judged.is_material or (judged.is_suspect and unstretched.is_material))
    if not judged.is_material or not loads:
        return judged
    shares = {ordinal: loads[ordinal].share for ordinal, _ in sorted(latencies_ms) if ordinal in loads}
    first, last = first_and_last(list(shares.values()))
    if last - first <= _BUSIER and (last < _NEARLY_ALL or _is_much(unstretched)):
        return judged
    quiet = {ordinal for ordinal, share in shares.items() if share <= min(first + _BUSIER, _NEARLY_ALL)}
    undisturbed = _slowing([each for each in latencies_ms if each[0] in quiet])
    if undisturbed.is_material:
        return undisturbed
    return replace(judged, is_material=False, disturbance=Disturbance(round(first, 2), round(last, 2)))


def _unstretched(latencies_ms: Sequence[tuple[int, float]], loads: Mapping[int, Load]) -> list[tuple[int, float]]:
    """Return the latencies that a machine with a CPU for everybody had shown, of the visits for which that is known."""
    stretches = {ordinal: load.stretch for ordinal, load in loads.items()}
    return [(ordinal, ms / stretch) for ordinal, ms in latencies_ms if (stretch := stretches.get(ordinal))]


def _is_much(judged: Slowing) -> bool:
    trend = judged.trend
    return judged.is_material and trend is not None and trend.last_fifth > _MUCH * trend.first_fifth


def _slowing(latencies_ms: Sequence[tuple[int, float]]) -> Slowing:
    """Judge latencies by themselves.

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
