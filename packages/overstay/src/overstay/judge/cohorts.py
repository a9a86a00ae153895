"""Cohorts: the holdings of one fingerprint, counted by the session that made them, and what their ages say.

The exact part of the tool. A trend would have to be told from noise; here the question is who made this and is he
still here, and the answer is a count. What the counts cannot tell at once, a leak from a pool or a cache that has not
yet reached its bound, doubling tells: a leak doubles with the sessions, a bound does not.

The numbers behind the rules are simulated in `tests/judge/test_cohorts.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Sense = Literal["gone", "one-off", "bounded-first", "bounded-last", "repeating", "inconclusive"]

FEW = 3
"""Survivors of so many first sessions and no later one are a one-off: made once, for all."""
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A count at one moment: after so many sessions, so many of them had something left."""

    sessions: int
    holding: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """The survivors of one fingerprint.

    `births` has for each surviving holding the ordinal, from 1, of the session that made it; `sessions` is how many
    there were; `checkpoints` are the counts at the end of each doubling, the present one last.
    """

    births: tuple[int, ...]
    sessions: int
    checkpoints: tuple[Checkpoint, ...] = field(default=())

    @property
    def holding(self) -> int:
        """Return how many sessions left something."""
        return len(set(self.births))


def sense_of(cohort: Cohort) -> Sense:
    """Return what the ages of the survivors say, after however many doublings there were."""
    births = sorted(set(cohort.births))
    if not births:
        return "gone"
    if births[-1] <= FEW < cohort.sessions / 2:
        return "one-off"
    if len(cohort.checkpoints) < 2:
        return "repeating" if len(births) > 1 else "inconclusive"
    return _after_doubling(births, cohort)


def _after_doubling(births: Sequence[int], cohort: Cohort) -> Sense:
    first, before, last = cohort.checkpoints[0], cohort.checkpoints[-2], cohort.checkpoints[-1]
    half = cohort.sessions / 2
    old = sum(birth <= half for birth in births)
    new = len(births) - old
    if not new:
        return "bounded-first"
    if not old:
        return "bounded-last"
    if last.holding - first.holding >= 3 and last.holding >= min(_least_growth(first, last), 1.5 * before.holding):
        return "repeating"
    # A pool whose members are replaced has survivors of every age, but never more of them.
    if last.holding <= max(first.holding, FEW) or last.holding < first.holding * 1.5:
        return "bounded-last"
    return "inconclusive"


def _least_growth(first: Checkpoint, last: Checkpoint) -> float:
    """Return how many holders a leak should at least show: half of what proportional growth would give."""
    return first.holding * max(last.sessions / max(first.sessions, 1), 1.0) / 2


def is_worth_doubling(cohort: Cohort) -> bool:
    """Tell whether more sessions could still turn this into a leak or clear it."""
    sense = sense_of(cohort)
    if len(cohort.checkpoints) < 2:
        return sense in ("repeating", "inconclusive")
    # A rare leak may add little in one doubling; what has added nothing is bounded.
    return sense not in ("gone", "one-off") and cohort.checkpoints[-1].holding > cohort.checkpoints[0].holding


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (Wilson 1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    centre = share + _Z**2 / (2 * trials)
    scale = 1 + _Z**2 / trials
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def guilty(holding: dict[str, int], made: dict[str, int]) -> tuple[str, ...]:
    """Return the departures that do it, empty when that is all of them or when chance cannot be excluded.

    `holding` and `made` count sessions by departure. With k holders all within departures that make up a share s of
    the sessions, chance does that with probability s**k; below 1 % it is said.
    """
    suspects = tuple(departure for departure in made if holding.get(departure))
    share = sum(made[departure] for departure in suspects) / max(sum(made.values()), 1)
    count = sum(holding.values())
    if len(suspects) == len(made) or count == 0 or share**count >= 0.01:
        return ()
    return suspects
