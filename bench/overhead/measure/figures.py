"""Ratios with their uncertainty.

A ratio is taken inside one round, where both servers met the same machine. The figure is the median of the rounds'
ratios. Its interval is a bootstrap in two stages: servers are started anew every few rounds, and two processes of the
same program differ by a per cent or two for their whole life (memory layout), so first the starts are drawn again, then
the rounds within each. Drawing rounds alone would take that difference for a result.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

RESAMPLES = 5_000
CONFIDENCE = 0.95

T = TypeVar("T")


@dataclass(frozen=True)
class Interval:
    """A figure and the interval that holds it with 95 % confidence. An end that nothing bounds is infinite."""

    value: float
    low: float
    high: float


def interval_of(
    statistic: Callable[[Sequence[T]], float],
    starts: Sequence[Sequence[T]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Interval:
    """Return the statistic of all rounds and its two-stage bootstrap percentiles. The seed makes it repeatable."""
    draw = random.Random(seed)
    drawn = sorted(statistic(_redrawn(starts, draw)) for _ in range(resamples))
    tail = (1 - CONFIDENCE) / 2
    low, high = math.floor(tail * resamples), math.ceil((1 - tail) * resamples) - 1
    return Interval(statistic([each for start in starts for each in start]), drawn[low], drawn[high])


def median_ratio(starts: Sequence[Sequence[float]], *, resamples: int = RESAMPLES) -> Interval:
    """Return the median of the rounds' ratios."""
    return interval_of(median, starts, resamples=resamples)


def share_of_added(
    ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]], *, resamples: int = RESAMPLES
) -> Interval:
    """Return what `ours` adds as a share of what `theirs` adds, from ratios of the same rounds.

    Both medians come from the same drawn rounds. Where theirs adds nothing, the share is infinite, never negative:
    there is then no such thing as a quarter of it.
    """
    pairs = [list(zip(mine, other, strict=True)) for mine, other in zip(ours, theirs, strict=True)]
    return interval_of(_share, pairs, resamples=resamples)


def _share(pairs: Sequence[tuple[float, float]]) -> float:
    added = median(mine for mine, _ in pairs) - 1
    reference = median(theirs for _, theirs in pairs) - 1
    return added / reference if reference > 0 else math.inf


def _redrawn(starts: Sequence[Sequence[T]], draw: random.Random) -> list[T]:
    chosen = draw.choices(starts, k=len(starts))
    return [each for start in chosen for each in draw.choices(start, k=len(start))]
