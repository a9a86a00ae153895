"""What others take of the machine: around each visit, at first and in the end."""

import pytest

from overstay.judge.load import Load, first_and_last, shares


def test_long_visits_have_shares_of_their_own():
    """A visit that lasted for long enough is told by itself."""
    assert shares({1: Load(2.0, 0.0), 2: Load(2.0, 1.0), 3: Load(2.0, 2.0)}) == {1: 0.0, 2: 0.5, 3: 1.0}


def test_short_visits_are_taken_together():
    """A tick of the clock that falls into one visit is shared by those beside it."""
    told = shares({n: Load(0.1, 0.1 if n == 10 else 0.0) for n in range(1, 20)})
    assert told[10] == pytest.approx(0.2)
    assert told[8] == pytest.approx(0.2)
    assert told[7] == 0.0


def test_clock_that_says_nothing_is_no_load():
    """A platform without such a clock disturbs no run."""
    assert shares({1: Load(0.0, 0.0), 2: Load(0.0, 0.0)}) == {1: 0.0, 2: 0.0}


def test_first_and_last_are_the_quarters_medians():
    """One busy moment at either end is none."""
    assert first_and_last([0.1, 0.9, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8, 0.0, 0.8]) == (0.1, 0.8)
