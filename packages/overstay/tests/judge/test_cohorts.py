"""What the ages of survivors say, on truths that are known because we made them up."""

import random

import pytest

from overstay.judge.cohorts import Checkpoint, Cohort, guilty, is_worth_doubling, sense_of, wilson

SESSIONS = 40


def watched(alive_after, doublings=2):
    """Return the cohort of a made-up server after so many doublings.

    `alive_after(n)` gives the sessions, of the first n, that still have something left.
    """
    sizes = [SESSIONS * 2**doubling for doubling in range(doublings + 1)]
    checkpoints = tuple(Checkpoint(size, len(alive_after(size))) for size in sizes)
    return Cohort(tuple(sorted(alive_after(sizes[-1]))), sizes[-1], checkpoints)


def every(n):
    return set(range(1, n + 1))


def last(bound):
    return lambda n: set(range(max(n - bound, 0) + 1, n + 1))


def first(bound):
    return lambda n: set(range(1, min(bound, n) + 1))


def sparse(rate, seed):
    dice = random.Random(seed)
    leaking = {number for number in range(1, 4 * SESSIONS + 1) if dice.random() < rate}
    return lambda n: {number for number in leaking if number <= n}


@pytest.mark.parametrize(
    ("alive_after", "sense"),
    [
        pytest.param(every, "repeating", id="a leak in every session"),
        pytest.param(lambda n: set(range(1, n + 1, 9)), "repeating", id="a leak after one departure of nine"),
        pytest.param(last(8), "bounded-last", id="the last 8"),
        pytest.param(last(32), "bounded-last", id="the last 32"),
        pytest.param(last(64), "bounded-last", id="the last 64"),
        pytest.param(first(1), "one-off", id="made once"),
        pytest.param(first(3), "one-off", id="made three times"),
        pytest.param(first(20), "bounded-first", id="a pool that filled"),
        pytest.param(lambda n: set(), "gone", id="nothing"),
    ],
)
def test_after_doubling_the_ages_tell_a_leak_from_a_bound(alive_after, sense):
    """A leak doubles with the sessions; a bound does not."""
    assert sense_of(watched(alive_after)) == sense


def test_pool_whose_members_are_replaced_is_bounded():
    """Survivors of every age are no leak while there are never more of them."""
    members = {40: {3, 20, 38}, 80: {20, 45, 79}, 160: {20, 100, 158}}
    assert sense_of(watched(lambda n: members[n])) == "bounded-last"


def test_before_doubling_repeating_is_only_a_suspicion():
    """Forty sessions of a cache of 64 look like a leak, so more sessions are asked for."""
    cohort = watched(last(64), doublings=0)
    assert sense_of(cohort) == "repeating"
    assert is_worth_doubling(cohort)


def test_nothing_more_is_asked_when_doubling_cannot_tell_more():
    """A bound that showed at the first doubling needs no second one."""
    assert not is_worth_doubling(watched(last(8), doublings=1))
    assert not is_worth_doubling(watched(first(2), doublings=0))
    assert is_worth_doubling(watched(every, doublings=1))


@pytest.mark.parametrize("rate", [1.0, 0.3, 0.1])
def test_leak_in_a_tenth_of_the_sessions_is_found(rate):
    """Of 300 servers that leak in 10 % of their sessions, over 85 % are suspected within 40 sessions and then proved."""
    runs = 300
    suspected = proved = 0
    for seed in range(runs):
        alive_after = sparse(rate, seed)
        suspected += is_worth_doubling(watched(alive_after, doublings=0)) and len(alive_after(SESSIONS)) > 1
        proved += sense_of(watched(alive_after)) == "repeating"
    assert suspected >= 0.85 * runs
    assert proved >= 0.95 * runs


def test_clean_servers_with_pools_and_caches_are_never_called_leaking():
    """Of 400 made-up pools, caches and one-offs of every size up to the first forty, none is a leak."""
    dice = random.Random(1)
    for _ in range(200):
        bound = dice.randint(1, SESSIONS)
        assert sense_of(watched(last(bound))) != "repeating"
        assert sense_of(watched(first(bound))) != "repeating"


def test_departure_that_alone_leaks_is_named():
    """Five of five resets and none of the others is no chance."""
    assert guilty({"reset": 5}, {"reset": 5, "close": 18, "vanish": 17}) == ("reset",)


def test_departures_are_not_accused_when_all_of_them_leak_or_chance_could_do_it():
    """Two holders of forty, by chance both after a reset, accuse nobody."""
    assert guilty({"reset": 5, "close": 18}, {"reset": 5, "close": 18}) == ()
    assert guilty({"reset": 1, "close": 1}, {"reset": 15, "close": 15, "vanish": 10}) == ()


def test_wilson_interval_has_the_published_values():
    """Wilson (1927): 40 of 40 is 0.912 to 1; 4 of 40 is 0.040 to 0.231."""
    assert wilson(40, 40) == pytest.approx((0.912, 1.0), abs=0.001)
    assert wilson(4, 40) == pytest.approx((0.040, 0.231), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)
