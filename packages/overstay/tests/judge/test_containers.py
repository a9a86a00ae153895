"""Growing containers told from filling ones, on lengths and ages that are known because we made them up."""

import pytest

from overstay.judge.containers import SHORTEST, ages, growing, grown
from overstay.memory import Window

KEY = (1, 100)


def windows(length_after, sizes=(0, 40, 80, 160), messages=2):
    """Return the windows of one container that is so long after so many sessions."""
    return [
        Window(size, messages * size, {KEY: length_after(size)} if length_after(size) >= SHORTEST else {})
        for size in sizes
    ]


@pytest.mark.parametrize(
    ("length_after", "growth"),
    [
        pytest.param(lambda n: 7 + n, "growing", id="one a session"),
        pytest.param(lambda n: 4 * n, "growing", id="two a message"),
        pytest.param(lambda n: 10 + n // 10, "growing", id="a tenth of the sessions"),
        pytest.param(lambda n: min(40, 2 + n), "flat", id="a cache of 40, full at the first look"),
        pytest.param(lambda n: min(64, 2 + n), "filling", id="a cache of 64"),
        pytest.param(lambda n: min(100, 2 + n), "filling", id="a cache of 100"),
        pytest.param(lambda n: 50, "flat", id="constant"),
        pytest.param(lambda n: 50 + (n > 0), "flat", id="one more, once"),
    ],
)
def test_slope_of_all_windows_tells_a_leak_from_a_cache(length_after, growth):
    """A leak keeps its slope; a cache does not, wherever its bound lies below the last window."""
    assert grown(windows(length_after), [KEY]).growth == growth


def test_growth_is_told_per_session_and_per_message():
    """Two a message and two messages a session are four a session."""
    judged = grown(windows(lambda n: 8 + 4 * n), [KEY])
    assert (judged.per_session, judged.per_message) == (4.0, 2.0)


def test_one_stage_makes_growth_likely_and_asks_for_more():
    """Forty sessions of a cache look like a leak."""
    first = windows(lambda n: 8 + n, sizes=(0, 40))
    assert growing(first) == [KEY]
    assert grown(first, [KEY]).growth == "likely"


def test_container_made_by_one_session_as_long_as_it_is_does_not_grow():
    """What is new in the last window only, or has the same length ever since, is no growth."""
    assert growing(windows(lambda n: 200 if n == 160 else 0)) == []
    assert growing(windows(lambda n: 200 if n else 0)) == []


def test_place_grows_only_where_it_refers_to_another_thing_each_time():
    """A list that one variable keeps and that grows is known by its own address; a new one each time by the variable."""
    place = (1, "100 memory")

    def at(addresses):
        return [
            Window(size, 0, {place: 8 + size}, {place: address})
            for size, address in zip((0, 40), addresses, strict=True)
        ]

    assert growing(at((500, 500))) == []
    assert growing(at((500, 600))) == [place]
    assert grown(at((500, 600)), [place]).per_session == 1.0


@pytest.mark.parametrize(
    ("births", "sessions", "sense"),
    [
        (range(1, 41), 40, "repeating"),
        (range(1, 13), 12, "repeating"),
        (range(5, 160, 10), 160, "repeating"),
        (range(129, 161), 160, "bounded-last"),
        (range(97, 161), 160, "bounded-last"),
        (range(1, 21), 160, "bounded-first"),
        ((1, 2), 40, "one-off"),
        ((17, 80), 160, "bounded-last"),
    ],
)
def test_ages_of_surviving_sessions_tell_leak_pool_and_cache(births, sessions, sense):
    """All ages: a leak; the last: a cache; the first: a pool; one or two of many: what was in hand last."""
    assert ages(list(births), sessions) == sense
