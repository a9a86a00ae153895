"""Containers that grow with the sessions, told from those that fill.

A container nobody owns has no birth sessions to count, only lengths, taken after a warm-up and after n, 2n and 4n
sessions. A leak keeps its slope in all of them; a cache's slope falls when it is full. Where the elements lead to
objects that a session owned, their ages say it instead, as for every other holding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from overstay.judge.cohorts import FEW
from overstay.memory import Window
from overstay.observation import Address

Growth = Literal["flat", "filling", "likely", "growing"]

SHORTEST = 8
"""Of shorter containers the probe tells nothing."""
_LEAST = 3
"""A container that has grown by less has not grown with the sessions."""
_LEAST_RATE = 0.05
_MANY = 20
_KEEPS = 0.5
"""The share of the steepest window's slope that every window of a leak keeps."""
_MOST = 200


@dataclass(frozen=True, slots=True)
class Grown:
    """How much longer some containers have become: by window, by session, and by message where any was sent."""

    growth: Growth
    added: int
    sessions: int
    per_session: float
    low: float
    high: float
    per_message: float | None


def growing(windows: Sequence[Window]) -> list[Address]:
    """Return the containers that have grown since the first window, the fastest first, at most two hundred."""
    if len(windows) < 2:
        return []
    sessions = windows[-1].sessions - windows[0].sessions
    grown = {key: _added(windows, key) for key in windows[-1].lengths if _is_itself_or_made_anew(windows, key)}
    chosen = [key for key, added in grown.items() if added >= max(_LEAST, _LEAST_RATE * sessions)]
    return sorted(chosen, key=lambda key: -grown[key])[:_MOST]


def _is_itself_or_made_anew(windows: Sequence[Window], key: Address) -> bool:
    """Tell whether a key is a container's, or a place's that refers to another thing than before.

    What a place refers to all the time is seen to grow by itself.
    """
    referred = {window.referred[key] for window in windows if key in window.referred}
    return type(key[1]) is int or len(referred) > 1


def _added(windows: Sequence[Window], key: Address) -> int:
    """Return by how much a container has grown since it was first long enough to be measured.

    Of one that is new in the last of several windows nothing is known: it may have been made as long as it is. After
    a single stage it may have grown if half of the sessions would have made it so; more sessions will tell.
    """
    lengths = [window.lengths[key] for window in windows if key in window.lengths]
    if len(lengths) > 1:
        return lengths[-1] - lengths[0]
    if len(windows) > 2:
        return 0
    made = lengths[0] - SHORTEST
    return made if made >= (windows[-1].sessions - windows[-2].sessions) / 2 else 0


def grown(windows: Sequence[Window], containers: Iterable[Address]) -> Grown:
    """Judge the containers of one shape together."""
    keys = list(containers)
    # A container that was too short to be measured had a length all the same.
    windows = [window for window in windows if any(key in window.lengths for key in keys)]
    levels = [sum(window.lengths.get(key, 0) for key in keys) for window in windows]
    rates = [
        (after - before) / (later.sessions - earlier.sessions)
        for before, after, earlier, later in zip(levels, levels[1:], windows, windows[1:], strict=False)
        if later.sessions > earlier.sessions
    ]
    first, last = windows[0], windows[-1]
    added, sessions, messages = levels[-1] - levels[0], last.sessions - first.sessions, last.messages - first.messages
    return Grown(
        _growth(rates, added, sessions),
        added,
        sessions,
        added / max(sessions, 1),
        min(rates, default=0.0),
        max(rates, default=0.0),
        added / messages if messages else None,
    )


def _growth(rates: Sequence[float], added: int, sessions: int) -> Growth:
    if not rates:
        return "likely"
    if added < max(_LEAST, _LEAST_RATE * sessions):
        return "flat"
    if len(rates) == 1:
        return "likely"
    return "growing" if min(rates) >= _KEEPS * max(rates) else "filling"


Ages = Literal["one-off", "bounded-first", "bounded-last", "likely", "repeating"]


def ages(births: Sequence[int], sessions: int) -> Ages:
    """Return what the ordinals of the sessions say whose objects are still there, of so many sessions.

    A leak has as many from the older half as from the newer one; a pool keeps the first, a cache the last. One or two
    of many are what some thread or frame had in hand last.
    """
    half = sessions / 2
    old = sum(birth <= half for birth in births)
    new = len(births) - old
    if births and max(births) <= FEW < half:
        return "one-off"
    if len(births) < _LEAST:
        return "bounded-last" if sessions >= _MANY else "likely"
    if not new:
        return "bounded-first"
    return "bounded-last" if old < new * _KEEPS else "repeating"
