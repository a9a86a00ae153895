"""Which session was whose visit."""

from overstay.judge.sessions import Missing, Session, match, missing
from overstay.visits import Connection, Departure, VisitRecord


def visit(n, port, at, *, sessions=1, departure=Departure.CLOSE):
    connection = Connection(port, at, sessions, "/")
    return VisitRecord(n, departure, (connection,), at, at + 0.5, 0.1, 0.1, True, "", None)


def session(number, port, began, pid=1):
    return Session((pid, number), "asgi", "http", "/", port, began, began + 0.4)


def test_session_belongs_to_the_visit_with_its_port():
    """The client's port says whose session it is."""
    matched = match([session(1, 5001, 1.01), session(2, 5002, 1.02)], [visit(1, 5002, 1.0), visit(2, 5001, 1.0)])
    assert [matched[1, 1].visit, matched[1, 2].visit] == [2, 1]


def test_port_that_is_used_again_belongs_to_the_later_visit():
    """A port's next owner takes over when its connection begins."""
    matched = match([session(1, 5001, 1.1), session(2, 5001, 9.1)], [visit(1, 5001, 1.0), visit(2, 5001, 9.0)])
    assert [matched[1, 1].visit, matched[1, 2].visit] == [1, 2]


def test_port_that_a_reset_frees_may_be_used_again_at_once():
    """Twenty milliseconds between two visits from one port keep their sessions apart."""
    matched = match([session(1, 5001, 1.01), session(2, 5001, 1.03)], [visit(1, 5001, 1.0), visit(2, 5001, 1.02)])
    assert [matched[1, 1].visit, matched[1, 2].visit] == [1, 2]


def test_sessions_of_other_clients_are_nobodys_visit():
    """Somebody else's client is seen and not counted."""
    matched = match([session(1, 5001, 1.1), session(2, 7777, 1.2)], [visit(1, 5001, 1.0)])
    assert matched[1, 2].visit is None


def test_sessions_behind_a_proxy_are_matched_in_their_order():
    """A proxy hides the ports; as many sessions as expected, in the order of the visits, are ours."""
    matched = match([session(1, 1, 1.1), session(2, 2, 2.1)], [visit(1, 5001, 1.0), visit(2, 5002, 2.0)])
    assert [matched[1, 1].visit, matched[1, 2].visit] == [1, 2]


def test_visit_that_no_door_saw_is_missing():
    """The departure whose sessions are missing is named with both numbers."""
    visits = [visit(1, 5001, 1.0), visit(2, 5002, 2.0, departure=Departure.RESET)]
    matched = match([session(1, 5001, 1.1)], visits)
    assert missing(matched.values(), visits) == [Missing("reset", 1, 0)]


def test_visit_that_leaves_in_mid_handshake_may_or_may_not_be_a_session():
    """Some servers call a connection a session, some a finished handshake."""
    visits = [visit(1, 5001, 1.0, sessions=0, departure=Departure.MID_HANDSHAKE)]
    assert missing(match([], visits).values(), visits) == []
    assert missing(match([session(1, 5001, 1.1)], visits).values(), visits) == []
