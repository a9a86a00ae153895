"""The arithmetic behind the precision of the scan."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from precision.figures import figures, seconds_per_100_000, wilson
from precision.label import Key, Label
from precision.sample import sample


def key(number: int, rule: str = "some-rule") -> Key:
    return Key("package", rule, "file.py", "function", f"line {number}")


def labels(true: int, false: int) -> dict[Key, Label]:
    """Return labels of the first findings, true ones first."""
    return {key(n): Label("true" if n < true else "false", "why") for n in range(true + false)}


@pytest.mark.parametrize(("true", "false", "is_met"), [(8, 2, True), (7, 3, False), (0, 0, True)])
def test_rule_is_met_from_80_percent_on(true: int, false: int, is_met: bool) -> None:
    """Four of five right is enough; less is not; nothing read proves nothing."""
    found = {key(n): False for n in range(10)}
    [row] = figures(["some-rule"], found, set(found), labels(true, false))
    assert row.is_met is is_met


def test_hints_have_a_row_of_their_own() -> None:
    """What shows by itself is not judged by what does not."""
    found = {key(n): n >= 8 for n in range(10)}
    shown, hints = figures(["some-rule"], found, set(found), labels(8, 2))
    assert (shown.is_hint, shown.true, shown.false) == (False, 8, 0)
    assert (hints.is_hint, hints.true, hints.false) == (True, 0, 2)
    assert hints.is_met


def test_label_whose_finding_is_gone_is_counted_once() -> None:
    """A correction's cost and gain are told, beside what is shown."""
    rows = figures(["some-rule"], {key(0): False, key(1): True}, {key(0)}, labels(2, 1))
    assert [(row.gone_true, row.gone_false) for row in rows] == [(0, 1), (0, 0)]


def test_wilson_interval_is_that_of_the_tables() -> None:
    """8 of 10: 0.490 to 0.943, as in Newcombe 1998."""
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


def test_sample_keeps_its_members_when_a_finding_goes() -> None:
    """A correction of a rule does not make everything be read again."""
    every = {key(n) for n in range(60)}
    before = sample(every)
    gone = next(iter(before))
    assert len(before) == 40
    assert before - {gone} <= sample(every - {gone})


def test_speed_is_per_100_000_lines() -> None:
    """Two seconds for 50,000 lines are four."""
    assert seconds_per_100_000(50_000, 2.0) == 4.0
