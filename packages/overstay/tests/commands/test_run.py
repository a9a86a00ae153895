"""`overstay run` takes from the server only what it must."""

from overstay.commands.run import Pace


def test_pace_does_nothing_that_nobody_asked_for():
    """Time alone is no reason."""
    assert not Pace(60).is_due(1000)


def test_pace_does_at_once_what_is_asked_for_first_and_only_once():
    """However often it was asked for."""
    pace = Pace(60)
    pace.ask()
    pace.ask()
    assert [pace.is_due(now) for now in (5, 5, 100)] == [True, False, False]


def test_pace_puts_off_what_comes_too_soon():
    """What is asked for within the minute is done at its end."""
    pace = Pace(60)
    pace.ask()
    assert pace.is_due(5)
    pace.ask()
    assert [pace.is_due(now) for now in (6, 64.9, 65, 66)] == [False, False, True, False]
