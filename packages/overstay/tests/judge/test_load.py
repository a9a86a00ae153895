"""What others take of the machine: around each visit, at first and in the end."""

import pytest

from overstay.judge.load import Load, first_and_last, smoothed


def test_long_visits_have_shares_of_their_own():
    """A visit that lasted for long enough is told by itself."""
    loads = {1: Load(2.0, 0.0), 2: Load(2.0, 1.0), 3: Load(2.0, 2.0)}
    assert smoothed(loads) == loads
    assert [load.share for load in loads.values()] == [0.0, 0.5, 1.0]


def test_short_visits_are_taken_together():
    """A tick of the clock that falls into one visit is shared by those beside it."""
    told = smoothed({n: Load(0.1, 0.1 if n == 10 else 0.0, 0.1, 0.5 if n == 10 else 0.0) for n in range(1, 20)})
    assert told[10].share == pytest.approx(0.2)
    assert told[8].share == pytest.approx(0.2)
    assert told[7].share == 0.0
    assert told[10].stretch == pytest.approx(2.0)
    assert told[7].stretch == 1.0


def test_clock_that_says_nothing_is_no_load():
    """A platform without such a clock disturbs no run."""
    told = smoothed({1: Load(0.0, 0.0), 2: Load(0.0, 0.0)})
    assert [(load.share, load.stretch) for load in told.values()] == [(0.0, None), (0.0, None)]


def test_first_and_last_are_the_quarters_medians():
    """One busy moment at either end is none."""
    assert first_and_last([0.1, 0.9, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8, 0.0, 0.8]) == (0.1, 0.8)
