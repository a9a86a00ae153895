"""A server that leaves nothing is watched closely a tenth of the time; one that begins to leak, all the time again."""

from overstay.attention import SHARE, TRIAL, Attention


def test_server_is_watched_closely_until_a_trial_is_over():
    """Nothing is trusted before enough sessions have ended, however long that takes."""
    attention = Attention()
    assert all(attention.after(range(TRIAL - 1), set()) for _ in range(100))


def test_server_that_leaves_nothing_is_watched_a_tenth_of_the_time():
    """After the trial, one look in ten is at a time that was watched."""
    attention = Attention()
    assert sum(attention.after(range(TRIAL), set()) for _ in range(10 * SHARE)) == 10


def test_anything_new_that_is_left_ends_the_trust():
    """From the look on that finds something left, every session is watched again, until a new trial has passed."""
    attention = Attention()
    assert not attention.after(range(30), set())
    assert attention.after(range(31), {30})
    assert all(attention.after(range(ended), {30}) for ended in range(32, 31 + TRIAL))
    assert not attention.after(range(31 + TRIAL), {30})


def test_what_a_session_nobody_watched_has_left_ends_the_trust_too():
    """Tasks and timers tell their session by their context, hooks or not."""
    attention = Attention()
    assert not attention.after(range(30), set())
    assert attention.after(range(30), {1000})
    assert attention.after(range(30), {1000})


def test_leak_is_never_trusted():
    """A server that leaves something in every session is watched closely for ever."""
    attention = Attention()
    assert all(attention.after(range(ended), set(range(ended))) for ended in range(1, 500))


def test_pool_that_the_first_sessions_filled_is_no_reason_to_go_on():
    """What the first five sessions left, and no later one did, keeps the hooks in for a trial's length."""
    attention = Attention()
    decisions = [attention.after(range(ended), set(range(min(ended, 5)))) for ended in range(1, 60)]
    assert all(decisions[: 5 + TRIAL - 1])
    assert not any(decisions[5 + TRIAL - 1 : 5 + TRIAL - 1 + SHARE - 1])
