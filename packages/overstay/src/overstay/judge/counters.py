"""Counters that nobody owns, against batches of different sizes and idle rounds between them.

What a counter adds per session is the slope of its increments over the sessions of their rounds; what it adds in the
idle rounds is time's doing and not the sessions'.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from overstay.judge.trend import theil_sen

NAMES = ("fds", "threads", "children", "rss")
MATERIAL = {"fds": 0.2, "threads": 0.2, "children": 0.2, "rss": 4096.0}
"""The least growth per session that counts; RSS in bytes, and never enough to fail a run."""


@dataclass(frozen=True, slots=True)
class Round:
    """A batch of visits, or an idle round with none, and each counter's floor after it."""

    sessions: int
    floors: dict[str, float]


Growth = Literal["flat", "per-session", "time-driven"]


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter's first and last floor, its growth per session with the interval, and what drives it."""

    name: str
    first: float
    last: float
    per_session: float
    low: float
    high: float
    growth: Growth


def count(name: str, rounds: Sequence[Round]) -> Counted | None:
    """Judge one counter; None when it was not measured. The first round is the baseline, the last the settled end.

    What has gone down again by the end was only in use.
    """
    levels = [measured.floors[name] for measured in rounds if name in measured.floors]
    if len(levels) != len(rounds) or len(rounds) < 5:
        return None
    steps = [
        (float(later.sessions), after - before)
        for before, after, later in zip(levels, levels[1:], rounds[1:], strict=False)
    ]
    slope = theil_sen(steps)
    if slope is None:
        return None
    growth: Growth = "flat"
    sessions = sum(measured.sessions for measured in rounds)
    has_stayed = levels[-1] - levels[0] > slope.slope * sessions / 2
    if slope.low > MATERIAL[name] and has_stayed and _keeps_growing(steps):
        growth = "per-session"
    elif _grows_idle(steps) and levels[-1] > levels[0]:
        growth = "time-driven"
    return Counted(name, levels[0], levels[-1], slope.slope, slope.low, slope.high, growth)


def _keeps_growing(steps: Sequence[tuple[float, float]]) -> bool:
    """Tell whether most loaded rounds grow, the last third at half the median rate at least, idle ones hardly."""
    rates = [added / sessions for sessions, added in steps if sessions]
    if len(rates) < 3 or sum(rate > 0 for rate in rates) < 0.7 * len(rates):
        return False
    last_third = rates[-max(len(rates) // 3, 1) :]
    if statistics.mean(last_third) < statistics.median(rates) / 2:
        return False
    idle = [added for sessions, added in steps if not sessions]
    loaded = [added for sessions, added in steps if sessions]
    return not idle or statistics.median(idle) <= statistics.median(loaded) / 2


def _grows_idle(steps: Sequence[tuple[float, float]]) -> bool:
    idle = [added for sessions, added in steps if not sessions]
    return len(idle) >= 2 and min(idle) > 0
