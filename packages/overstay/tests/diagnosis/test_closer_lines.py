"""What is said of closers that ran in some sessions only, in others, or in none; of two processes too."""

from pathlib import Path

import pytest

from overstay.closing import Closing
from overstay.diagnosis.closer_lines import CloserLines
from overstay.evidence import Evidence
from overstay.judge.sessions import Session
from overstay.messages import Speaker
from overstay.observation import APPLICATION, Frame, Place

SESSIONS = [(pid, number) for pid in (1, 2) for number in range(1, 11)]
CLIENT = {"file": "/app/tools.py", "name": "Client", "lineage": [0], "closers": ["aclose", "close"]}
DERIVED = {"file": "/app/mine.py", "name": "Mine", "lineage": [1, 0], "closers": ["aclose", "close"]}
WATCHED = {"aclose": 0, "close": 0, "__init__": 0}
PLACE = Place(Frame("/app/tools.py", 7, "Client.connect", APPLICATION), False, ())


@pytest.fixture
def lines():
    """Returns what is said of tasks that these sessions left, where these sessions ran `aclose` and `close`."""

    def say(left, *, aclose=(), close=(), number=0, watched=WATCHED):
        closing = Closing()
        for pid in (1, 2):
            classes = [{**CLIENT, "number": 0, "watched": watched}, {**DERIVED, "number": 1, "watched": watched}]
            closing.learn(pid, {"files": [], "classes": classes})
        for method, ran in (("__init__", SESSIONS), ("aclose", aclose), ("close", close)):
            for pid, session in ran:
                closing.note(pid, session, number, method)
        sessions = {key: Session(key, "asgi", "websocket", "/", 0, 0.0, ended=1.0) for key in SESSIONS}
        evidence = Evidence(sessions=sessions, counts_everybody=True, closing=closing)
        return CloserLines(evidence, Path("/app"), Speaker("en")).of_left("task", PLACE, left)

    return say


def test_closers_that_both_ran_are_told_together(lines):
    """An `aclose` that calls `close` is one line."""
    assert lines(SESSIONS, aclose=SESSIONS, close=SESSIONS) == [
        "`Client.aclose` and `Client.close` ran in all 20 sessions that left one, yet the task is still there"
    ]


def test_closer_of_a_derived_class_counts_for_its_base(lines):
    """The object is a `Mine`, and the line that left something is one of `Client`."""
    assert lines(SESSIONS[:4], aclose=SESSIONS, number=1) == [
        "`Client.aclose` ran in all 4 sessions that left one, yet the task is still there"
    ]


def test_closer_that_ran_in_some_of_the_sessions_is_told_with_their_number(lines):
    """It is not blamed for what it may have ended."""
    assert lines(SESSIONS, aclose=SESSIONS[:6]) == ["`Client.aclose` ran in only 6 of 20 sessions"]


def test_closer_that_ran_where_nothing_was_left_is_told_so(lines):
    """Who left something did not run it, and everybody else did."""
    assert lines(SESSIONS[:5], aclose=SESSIONS[5:]) == [
        "`Client.aclose` ran in 15 other sessions, and in none of these 5"
    ]


def test_closer_that_ran_in_no_session_is_not_said_never_to_have_run(lines):
    """What a task of the server's own closes is closed."""
    assert lines(SESSIONS, aclose=[(1, 0)]) == ["`Client.aclose` ran, but in no session"]


def test_sessions_from_before_a_class_was_watched_are_not_counted(lines):
    """Of a class that was imported late only the later sessions are known."""
    watched = dict.fromkeys(WATCHED, 8)
    assert lines(SESSIONS, aclose=[(1, 9), (1, 10), (2, 9), (2, 10)], watched=watched) == [
        "`Client.aclose` ran in all 4 sessions that left one, yet the task is still there"
    ]


def test_closer_that_is_not_watched_is_not_spoken_of(lines):
    """Nothing is known of a closer that is no plain function."""
    assert lines(SESSIONS, watched={"__init__": 0}) == []
