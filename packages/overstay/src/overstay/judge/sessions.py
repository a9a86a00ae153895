"""Which session was whose visit: by the client's port and the time, else by order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from overstay.visits import Connection, VisitRecord

Key = tuple[int, int]
"""A session anywhere: process id, and the number that the process gave it."""

_CLOCK_GRAIN = 0.001
"""Both ends read the system's one clock, and a port that a reset has freed may be given again within milliseconds."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the server saw it, and the visit that made it; times are seconds of the system's monotonic clock.

    One that is not watched had hooks out during some of its stay, so what it left may not be known.
    """

    key: Key
    door: str
    kind: str
    path: str
    port: int
    began: float
    ended: float | None = None
    visit: int | None = None
    departure: str | None = None
    is_watched: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """Visits of one departure that made another number of sessions than they should have."""

    departure: str
    expected: int
    seen: int


def match(sessions: Iterable[Session], visits: Sequence[VisitRecord]) -> dict[Key, Session]:
    """Return every session, with visit and departure filled in where it was one of ours."""
    matched = {session.key: session for session in sessions}
    by_port: dict[int, list[Session]] = {}
    for session in sorted(matched.values(), key=lambda session: session.began):
        by_port.setdefault(session.port, []).append(session)
    for visit, connection, until in _connections(visits):
        for session in by_port.get(connection.port, ()):
            if connection.at - _CLOCK_GRAIN <= session.began < until - _CLOCK_GRAIN:
                matched[session.key] = _owned(session, visit)
    if visits and not any(session.visit for session in matched.values()):
        _match_by_order(matched, visits)
    return matched


def _connections(visits: Sequence[VisitRecord]) -> Iterable[tuple[VisitRecord, Connection, float]]:
    """Yield each connection with the time at which its port was next used by another one of ours."""
    latest: dict[int, float] = {}
    every = [(connection, visit) for visit in visits for connection in visit.connections]
    for connection, visit in sorted(every, key=lambda pair: -pair[0].at):
        yield visit, connection, latest.get(connection.port, float("inf"))
        latest[connection.port] = connection.at


def _match_by_order(matched: dict[Key, Session], visits: Sequence[VisitRecord]) -> None:
    """Match through a proxy, which hides the ports: the sessions come in the order of the visits."""
    expecting = [
        visit
        for visit in sorted(visits, key=lambda visit: visit.opened)
        for connection in visit.connections
        for _ in range(connection.sessions)
    ]
    in_order = sorted(matched.values(), key=lambda session: session.began)
    if len(in_order) == len(expecting):
        for session, visit in zip(in_order, expecting, strict=True):
            matched[session.key] = _owned(session, visit)


def _owned(session: Session, visit: VisitRecord) -> Session:
    return replace(session, visit=visit.n, departure=str(visit.departure))


def missing(sessions: Iterable[Session], visits: Sequence[VisitRecord]) -> list[Missing]:
    """Return the departures whose visits and sessions do not agree.

    A visit that leaves in the middle of a handshake or of a request is seen by some servers and not by others.
    """
    seen: dict[int, int] = {}
    for session in sessions:
        if session.visit is not None:
            seen[session.visit] = seen.get(session.visit, 0) + 1
    totals: dict[str, list[int]] = {}
    for visit in visits:
        expected = sum(connection.sessions for connection in visit.connections)
        found = seen.get(visit.n, 0)
        if str(visit.departure).startswith("mid-") and found == expected + 1:
            found = expected
        total = totals.setdefault(str(visit.departure), [0, 0])
        total[0] += expected
        total[1] += found
    return [Missing(departure, *total) for departure, total in totals.items() if total[0] != total[1]]
