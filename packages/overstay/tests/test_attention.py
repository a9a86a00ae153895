"""A server that leaves nothing is watched closely a tenth of the time; one that begins to leak, all the time again."""

import itertools

from overstay.attention import SHARE, TRIAL, Attention


def watched(attention, looks, *, left=(), ended=0):
    """Return for each of so many looks whether the time after it is watched closely."""
    return [attention.after(left, ended) for _ in range(looks)]


def test_server_is_watched_closely_until_a_trial_is_over():
    """Nothing is trusted before enough sessions have ended, however long that takes."""
    assert all(watched(Attention(), 100, ended=TRIAL - 1))


def test_server_that_leaves_nothing_is_watched_a_tenth_of_the_time():
    """After the trial, one look in ten is at a time that was watched."""
    attention = Attention()
    assert sum(watched(attention, 10 * SHARE, ended=TRIAL)) == 10


def test_anything_new_that_is_left_ends_the_trust():
    """From the look on that finds something left, every session is watched again, until a new trial has passed."""
    attention = Attention()
    watched(attention, 5, ended=TRIAL)
    assert attention.is_trusting
    assert attention.after({("task", 31)}, 31)
    assert all(attention.after({("task", 31)}, ended) for ended in range(32, 31 + TRIAL))
    assert not attention.after({("task", 31)}, 31 + TRIAL)


def test_leak_is_never_trusted():
    """A server that leaves something in every session is watched closely for ever."""
    attention = Attention()
    assert all(attention.after({("task", n) for n in range(ended)}, ended) for ended in range(1, 500))


def test_pool_that_the_first_sessions_filled_is_known():
    """What was there before the trial began, and no more with more sessions, does not keep the hooks in."""
    attention = Attention()
    pool = {("thread", n) for n in range(5)}
    decisions = [attention.after(set(itertools.islice(sorted(pool), ended)), ended) for ended in range(1, 60)]
    assert all(decisions[: 5 + TRIAL - 1])
    assert not all(decisions[5 + TRIAL - 1 :])
