"""Slopes and what they mean: getting slower, growing per session, growing with time."""

import random

import pytest

from overstay.findings import Disturbance
from overstay.judge import counters
from overstay.judge.latency import slowing
from overstay.judge.load import Load
from overstay.judge.trend import floors, theil_sen


def latencies(shape, seed=1, count=120):
    """Return latencies in ms around `shape(n)`, with the one-sided noise of a busy machine."""
    dice = random.Random(seed)
    return [(n, shape(n) + abs(dice.gauss(0, 0.5)) + (dice.random() < 0.1) * dice.uniform(0, 30)) for n in range(count)]


def test_slope_of_a_line_is_found_through_outliers():
    """A third of the points far off does not move the median of the slopes."""
    points = [(float(x), 2.0 * x + (500.0 if x % 3 == 0 else 0.0)) for x in range(60)]
    assert theil_sen(points).slope == pytest.approx(2.0, abs=0.2)


def test_three_points_bound_nothing():
    """With fewer than four points there is no interval, so there is no slope."""
    assert theil_sen([(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]) is None


def test_floors_keep_the_lowest_of_each_group():
    """What other work adds to a latency is left out."""
    assert floors([(1, 5.0), (2, 1.0), (3, 9.0), (4, 2.0), (5, 7.0)], groups=2) == [(2, 1.0), (4, 2.0)]


@pytest.mark.parametrize("seed", range(20))
def test_server_that_gets_slower_is_told_from_a_noisy_one(seed):
    """Growth of 0.1 ms a visit is a slowing; the same noise around a level is none."""
    assert slowing(latencies(lambda n: 5 + 0.1 * n, seed)).is_material
    assert not slowing(latencies(lambda n: 5, seed)).is_material


def test_growth_below_a_tenth_or_below_a_millisecond_is_not_material():
    """50 ms that become 51, and 0.5 ms that become 1, slow nobody down."""
    assert not slowing([(n, 50 + n / 120) for n in range(120)]).is_material
    assert not slowing([(n, 0.5 + n / 240) for n in range(120)]).is_material


def test_warming_up_is_not_getting_faster_or_slower():
    """A latency that falls and then stays is no slowing."""
    assert not slowing(latencies(lambda n: 30 / (1 + n) + 5)).is_material


def busy(shape, seed, count=140):
    """Return latencies on a machine with busy spells of some ten visits each."""
    dice, load, points = random.Random(seed), 0.0, []
    for n in range(count):
        load = 0.9 * load + (dice.random() < 0.05) * dice.uniform(0, 20)
        points.append((n, shape(n) + abs(dice.gauss(0, 1)) + load + (dice.random() < 0.1) * dice.uniform(0, 30)))
    return points


def test_busy_spells_of_the_machine_are_not_the_servers_slowing():
    """At most 1.5 % of busy machines make a steady server look slower; four in five still show a slow one."""
    steady = sum(slowing(busy(lambda n: 5, seed)).is_material for seed in range(1000))
    slower = sum(slowing(busy(lambda n: 5 + 0.1 * n, seed)).is_material for seed in range(200))
    assert steady <= 15
    assert slower >= 160


def loads(share, stretch=lambda n: 3.0):
    """Return a load for each visit: the others' share, and how many times as long the server took for lack of a CPU."""
    return {n: Load(1.0, share(n), 0.1, 0.1 * (stretch(n) - 1)) for n in range(120)}


def becomes_busy(n):
    """Return a load that comes half-way."""
    return 0.05 if n < 60 else 0.9


def is_full(n):
    """Return a load that leaves nothing."""
    return 0.95


def grows(n):
    """Return the latency of a server that gets slower."""
    return 5 + 0.2 * n


@pytest.mark.parametrize("seed", range(20))
def test_machine_that_becomes_busy_is_not_the_servers_slowing(seed):
    """Latencies that are steady until other programs come, and rise with them, are said to be disturbed."""
    points = latencies(lambda n: 5 if n < 60 else 5 + n / 4, seed)
    judged = slowing(points, loads(becomes_busy))
    assert not judged.is_material
    assert judged.disturbance == Disturbance(0.05, 0.9)
    assert slowing(points).is_material


@pytest.mark.parametrize("seed", range(20))
def test_server_that_got_slower_before_the_machine_became_busy_is_found(seed):
    """What was visited in quiet is proof enough."""
    judged = slowing(latencies(grows, seed), loads(becomes_busy))
    assert judged.is_material
    assert judged.disturbance is None


@pytest.mark.parametrize(
    "load",
    [lambda n: 0.0, lambda n: 0.6, is_full, lambda n: 0.9 - n / 150],
    ids=["none", "steady", "full", "less"],
)
def test_load_that_stays_or_goes_excuses_no_slowing(load):
    """Only a load that comes can be the reason; one that takes all can be, too, but not for a growth to many times."""
    judged = slowing(latencies(grows), loads(load))
    assert judged.is_material
    assert judged.disturbance is None


def test_small_slowing_on_a_machine_without_rest_is_disturbed():
    """Where others take all, their share does not tell whether they have become more."""
    judged = slowing(latencies(lambda n: 5 + n / 40), loads(is_full))
    assert not judged.is_material
    assert judged.disturbance == Disturbance(0.95, 0.95)


@pytest.mark.parametrize("seed", range(20))
def test_slowing_hidden_by_the_ups_and_downs_of_a_load_shows_without_the_waits(seed):
    """A server that works twice as long in the end, on a machine where it takes one to five times as long."""
    chosen = random.Random(seed)
    times = {n: 1 + 4 * chosen.random() for n in range(120)}
    crowd = loads(lambda n: 0.6, times.get)
    slower, steady = ([(n, each(n) * times[n]) for n in range(120)] for each in (lambda n: 20 + n / 6, lambda n: 20))
    assert slowing(slower, crowd).is_material
    assert not slowing(steady, crowd).is_material


@pytest.mark.parametrize("seed", range(20))
def test_server_that_sleeps_is_not_slower_when_others_leave(seed):
    """Its latency has no share of the waits, so without them it seems to grow."""
    crowd = loads(lambda n: 0.6 - n / 400, lambda n: 3 - n / 60)
    assert not slowing(latencies(lambda n: 50, seed), crowd).is_material


@pytest.mark.parametrize("seed", range(20))
def test_more_and_more_programs_on_a_full_machine_are_not_the_servers_slowing(seed):
    """Latencies that grow many times as the server waits for a CPU are disturbed, not slower; unknown waits as well."""
    points = latencies(grows, seed)
    for crowd in (loads(is_full, lambda n: 1 + n / 25), dict.fromkeys(range(120), Load(1.0, 0.95))):
        judged = slowing(points, crowd)
        assert not judged.is_material
        assert judged.disturbance == Disturbance(0.95, 0.95)


def rounds(per_session=0.0, per_round=0.0, sizes=(0, 7, 11, 0, 5, 13, 0, 3, 7, 11, 0, 5)):
    level, measured = 100.0, []
    for size in sizes:
        level += per_session * size + per_round
        measured.append(counters.Round(size, {"fds": level}))
    return measured


@pytest.mark.parametrize(
    ("measured", "growth"),
    [
        pytest.param(rounds(), "flat", id="flat"),
        pytest.param(rounds(per_session=1), "per-session", id="one per session"),
        pytest.param(rounds(per_round=2), "time-driven", id="two per round, visits or not"),
    ],
)
def test_growth_by_sessions_is_told_from_growth_by_time(measured, growth):
    """Idle rounds between batches of different sizes separate the two."""
    assert counters.count("fds", measured).growth == growth


def test_counter_that_fills_a_pool_and_stays_is_flat():
    """Growth that has stopped in the last third is none."""
    levels = [100, 107, 118, 118, 120, 120, 120, 120, 120, 120, 120, 120]
    sizes = (0, 7, 11, 0, 5, 13, 0, 3, 7, 11, 0, 5)
    measured = [counters.Round(size, {"fds": float(level)}) for size, level in zip(sizes, levels, strict=True)]
    assert counters.count("fds", measured).growth == "flat"


def test_counter_that_goes_down_again_when_all_is_quiet_is_flat():
    """Children that take a while to end are in use, not left."""
    measured = [*rounds(per_session=1), counters.Round(0, {"fds": 104.0})]
    assert counters.count("fds", measured).growth == "flat"
