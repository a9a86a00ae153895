"""The statistics say what they claim to say."""

import math
import random

from measure.figures import interval_of, median_ratio, share_of_added

ROUNDS = 3
STARTS = 10


def _noisy(true: float, draw: random.Random, *, between: float, within: float) -> list[list[float]]:
    """Return ratios of ten starts of three rounds around `true`, with a noise of the start and one of the round."""
    starts = [draw.gauss(0, between) for _ in range(STARTS)]
    return [[true * math.exp(start + draw.gauss(0, within)) for _ in range(ROUNDS)] for start in starts]


def test_equal_rounds_have_an_interval_of_one_point() -> None:
    """Without noise the interval is the figure itself."""
    interval = median_ratio([[1.05] * ROUNDS] * STARTS, resamples=200)
    assert (interval.value, interval.low, interval.high) == (1.05, 1.05, 1.05)


def test_interval_holds_the_true_ratio_as_often_as_it_says() -> None:
    """A 95 % interval misses the truth in about one of twenty runs, also when starts differ among themselves."""
    draw = random.Random(3)
    runs = [median_ratio(_noisy(1.05, draw, between=0.02, within=0.05), resamples=300) for _ in range(100)]
    held = sum(interval.low <= 1.05 <= interval.high for interval in runs)
    assert held >= 89


def test_differences_between_starts_widen_the_interval() -> None:
    """Three rounds of one start are not three witnesses: what a process is born with counts once."""
    by_start = [[1.0 + 0.01 * start] * ROUNDS for start in range(STARTS)]
    one_round_each = [[ratio] for rounds in by_start for ratio in rounds]
    grouped, ungrouped = median_ratio(by_start, resamples=500), median_ratio(one_round_each, resamples=500)
    assert grouped.high - grouped.low > ungrouped.high - ungrouped.low


def test_share_is_what_ours_adds_by_what_theirs_adds() -> None:
    """1.05 beside 1.50 is a tenth."""
    share = share_of_added([[1.05] * ROUNDS] * STARTS, [[1.5] * ROUNDS] * STARTS, resamples=200)
    assert math.isclose(share.value, 0.1)
    assert math.isclose(share.high, 0.1)


def test_share_of_nothing_is_infinite_and_never_inside_a_bar() -> None:
    """Where the other adds nothing, or less, a quarter of it is no claim that can be met."""
    share = share_of_added([[1.05] * ROUNDS] * STARTS, [[0.98] * ROUNDS] * STARTS, resamples=200)
    assert share.value == share.high == math.inf


def test_rounds_of_both_are_drawn_together() -> None:
    """Noise that both had in the same round cancels in the share, since it is drawn for both or for neither."""
    common = _noisy(1.0, random.Random(5), between=0.0, within=0.05)
    ours = [[1 + 0.1 * each for each in start] for start in common]
    theirs = [[1 + 0.4 * each for each in start] for start in common]
    share = share_of_added(ours, theirs, resamples=300)
    assert math.isclose(share.low, 0.25)
    assert math.isclose(share.high, 0.25)


def test_same_readings_give_the_same_interval() -> None:
    """The bootstrap is seeded, so a report can be reproduced from its readings."""
    starts = _noisy(1.05, random.Random(7), between=0.01, within=0.05)
    assert interval_of(max, starts, resamples=100) == interval_of(max, starts, resamples=100)
