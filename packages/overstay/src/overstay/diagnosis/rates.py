"""How often: the share of the sessions that left something, with its interval, and the departures that do it."""

from collections.abc import Collection

from overstay.evidence import Evidence
from overstay.findings import Rate
from overstay.judge.cohorts import guilty, wilson
from overstay.judge.sessions import Key
from overstay.messages import Speaker

_RARE = 0.95
"""From this many holdings per session on the title says "every client", below it how many of how many."""


def rate_of(
    evidence: Evidence, sessions: Collection[Key], left: int, *, open_too: bool = False, then: bool = False
) -> Rate:
    """Return the rate of `left` holdings that these sessions left; `open_too` counts sessions that have not ended.

    `then` is for what has gone since: only the sessions until the last of these are counted, as nobody looked at later
    ones while they had it.
    """
    order = evidence.order
    last = max((order[key] for key in sessions if key in order), default=0) if then else len(order)
    holders: dict[str, int] = {}
    for key in set(sessions):
        departure = evidence.sessions[key].departure or "?"
        holders[departure] = holders.get(departure, 0) + 1
    made: dict[str, int] = {}
    for session in evidence.watched.values():
        # A session that has not ended cannot have outlived anything yet.
        if (open_too or session.ended is not None) and order[session.key] <= last:
            departure = session.departure or "?"
            made[departure] = made.get(departure, 0) + 1
    of = guilty(holders, made)
    count = sum(number for departure, number in made.items() if not of or departure in of)
    holding = sum(holders.values())
    each = left / max(holding, 1)
    low, high = wilson(min(holding, count), count)
    return Rate(
        per_session=round(left / max(count, 1), 3),
        low=round(low * each, 3),
        high=round(high * each, 3),
        left=left,
        sessions=count,
        of=of,
    )


def title_of(rule: str, rate: Rate, say: Speaker, *, is_kept: bool = False, **values: object) -> str:
    """Return the title of a finding: who leaves how many; `values` are further fields of the rule's titles."""
    joined = say("list.or").join(say(f"departure.{departure}") for departure in rate.of)
    who = say("who.of", departures=joined) if rate.of else say("who.all")
    if is_kept:
        return say(f"finding.{rule}.title-kept", count=rate.left, **values)
    if rate.per_session >= _RARE:
        return say(f"finding.{rule}.title", who=who, count=round(rate.per_session), **values)
    some = say("who.some-of", departures=joined) if rate.of else say("who.some-all")
    return say(f"finding.{rule}.title-some", who=some, left=rate.left, sessions=rate.sessions, **values)
