"""How often, of how many: the sessions that a rate is taken over."""

from overstay.diagnosis.rates import rate_of
from overstay.evidence import Evidence
from overstay.judge.sessions import Session
from overstay.visits import Departure, VisitRecord


def twenty_visits() -> Evidence:
    """Return the evidence of twenty visits that were closed, each with one session that has ended."""
    evidence = Evidence()
    for n in range(1, 21):
        evidence.visits.append(VisitRecord(n, Departure.CLOSE, (), n, n, None, None, True, "", None))
        key = (1, n)
        evidence.sessions[key] = Session(key, "asgi", "http", "/", n, float(n), float(n), n, "close")
    return evidence


def test_what_stayed_is_counted_over_all_sessions() -> None:
    """Ten of twenty left one each."""
    rate = rate_of(twenty_visits(), [(1, n) for n in range(1, 11)], 10)
    assert (rate.left, rate.sessions, rate.per_session) == (10, 20, 0.5)


def test_what_was_late_is_counted_over_the_sessions_of_its_time() -> None:
    """The first ten left one each; nobody looked for it when the others had just left."""
    rate = rate_of(twenty_visits(), [(1, n) for n in range(1, 11)], 10, then=True)
    assert (rate.left, rate.sessions, rate.per_session) == (10, 10, 1.0)
