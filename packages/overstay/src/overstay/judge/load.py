"""What other programs took of the machine while the visits were made, and how long the target waited for it.

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
    """CPU seconds from one moment to another: all that the machine had, and what others than the target and we took.

    `worked` is what the target and we took, and `waited` the seconds that they could have gone on but had no CPU; both
    are 0 where the system does not tell.
    """

    available: float
    others: float
    worked: float = 0.0
    waited: float = 0.0

    @property
    def share(self) -> float:
        """Return the others' share."""
        return min(max(self.others / self.available, 0.0), 1.0) if self.available > 0 else 0.0

    @property
    def stretch(self) -> float | None:
        """Return how many times as long the target and we took for lack of a CPU; None where that is not told."""
        return (self.worked + self.waited) / self.worked if self.worked > 0 else None

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.available + other.available,
            self.others + other.others,
            self.worked + other.worked,
            self.waited + other.waited,
        )


def smoothed(loads: Mapping[int, Load]) -> dict[int, Load]:
    """Return the load around each visit; a short visit is taken together with those beside it."""
    numbers = sorted(loads)
    return {number: _around([loads[each] for each in numbers], place) for place, number in enumerate(numbers)}


def _around(loads: Sequence[Load], place: int) -> Load:
    reach = 0
    while True:
        near = loads[max(place - reach, 0) : place + reach + 1]
        total = sum(near, Load(0.0, 0.0))
        if total.available >= _SPAN_S or len(near) == len(loads):
            return total
        reach += 1


def first_and_last(shares_in_order: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and the last quarter."""
    quarter = max(len(shares_in_order) // 4, 1)
    return statistics.median(shares_in_order[:quarter]), statistics.median(shares_in_order[-quarter:])
