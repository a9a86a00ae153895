"""Trends of things that nobody owns: the Theil-Sen slope and its interval.

Sen (1968): the median of the slopes of all pairs, with the interval from the variance of Kendall's S. It is the slope
only; no trend test decides anything here (such tests flag every cache that fills).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Z_95, Z_99 = 1.96, 2.576


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope in y per x, with its interval."""

    slope: float
    low: float
    high: float


def theil_sen(points: Sequence[tuple[float, float]], z: float = Z_95) -> Slope | None:
    """Return the slope through the points, with the interval of `z`; None with fewer than four, which bound nothing."""
    count = len(points)
    if count < 4:
        return None
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
        if later[0] != earlier[0]
    )
    if not slopes:
        return None
    spread = z * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(int((len(slopes) - spread) / 2), 0)
    high = min(math.ceil((len(slopes) + spread) / 2), len(slopes) - 1)
    return Slope(statistics.median(slopes), slopes[low], slopes[high])


def floors(points: Sequence[tuple[float, float]], groups: int) -> list[tuple[float, float]]:
    """Return the lowest point of each of so many groups in a row: what other work adds is only ever added."""
    size = max(-(-len(points) // groups), 3)
    return [min(points[start : start + size], key=lambda point: point[1]) for start in range(0, len(points), size)]
