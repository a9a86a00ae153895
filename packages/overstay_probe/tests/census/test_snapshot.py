"""The answer of the forked child: passed on as it was written, and told from one that was cut off or failed."""

import json

from overstay_probe.census.snapshot import NOTHING, Answer

PROGRAM = """if True:
    import os
    from overstay_probe.census import snapshot
    def look(most):
        {look}
    try:
        answer = snapshot.of(look, 1000)
        print(answer.about["how"], answer.told.decode().replace(" ", ""))
    except snapshot.LookFailed as error:
        print("failed", str(error).replace(" ", "_"))
    """


def test_what_the_child_writes_is_joined_to_how_it_was_made_without_being_read():
    """Even what is no JSON goes through."""
    about = {"how": "fork", "pause_ms": 1.5}
    assert json.loads(Answer(b'{"lengths": [[1, 2]]}', about).as_json()) == {**about, "lengths": [[1, 2]]}
    assert json.loads(Answer(NOTHING, about).as_json()) == about
    assert Answer(b"{unread}", about).as_json().endswith(b", unread}")


def test_answer_of_the_child_comes_back_whole(printed):
    """Longer than a pipe holds."""
    how, told = printed(PROGRAM.format(look='return {"numbers": list(range(100_000))}'))
    assert how == "fork"
    assert json.loads(told) == {"numbers": list(range(100_000))}


def test_child_has_closed_all_but_its_pipe_and_goes_first_when_memory_is_short(printed):
    """A copy of a client's socket would keep its connection open. The second descriptor is that of the look itself."""
    look = """return {
            "open": len(os.listdir("/proc/self/fd")),
            "oom": int(open("/proc/self/oom_score_adj").read()),
        }"""
    how, told = printed(PROGRAM.format(look=look))
    assert how == "fork"
    assert json.loads(told) == {"open": 2, "oom": 1000}


def test_child_that_ends_without_an_answer_is_told(printed):
    """What came until then is not taken for an answer."""
    assert printed(PROGRAM.format(look="os._exit(0)")) == ["skipped", "{}"]


def test_look_that_raises_in_the_child_raises_here(printed):
    """With its own words."""
    assert printed(PROGRAM.format(look="return 1 / 0")) == ["failed", "ZeroDivisionError:_division_by_zero"]
