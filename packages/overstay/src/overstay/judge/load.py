"""What other programs took of the machine while the visits were made.

The share of all CPUs that went to neither the target nor us, not a reference task beside the visits: a reference gets
slower as well when the target itself takes the CPU, and it says little unless it works as long as the server does.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SPAN_S = 0.5
"""CPU seconds, over all CPUs, below which a share is mostly the grain of the system's clock."""


@dataclass(frozen=True, slots=True)
class Load:
    """CPU seconds from one moment to another: all that the machine had, and what others than the target and we took."""

    available: float
    others: float

    @property
    def share(self) -> float:
        """Return the others' share."""
        return min(max(self.others / self.available, 0.0), 1.0) if self.available > 0 else 0.0


def shares(loads: Mapping[int, Load]) -> dict[int, float]:
    """Return the others' share around each visit; a short visit is taken together with those beside it."""
    numbers = sorted(loads)
    return {number: _around([loads[each] for each in numbers], place).share for place, number in enumerate(numbers)}


def _around(loads: Sequence[Load], place: int) -> Load:
    reach = 0
    while True:
        near = loads[max(place - reach, 0) : place + reach + 1]
        total = Load(sum(load.available for load in near), sum(load.others for load in near))
        if total.available >= _SPAN_S or len(near) == len(loads):
            return total
        reach += 1


def first_and_last(shares_in_order: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and the last quarter."""
    quarter = max(len(shares_in_order) // 4, 1)
    return statistics.median(shares_in_order[:quarter]), statistics.median(shares_in_order[-quarter:])
