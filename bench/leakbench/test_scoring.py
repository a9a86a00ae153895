"""The scoring rules of README.md, on reports written by hand, and the promises about twins and clean-up."""

import asyncio
import contextlib
import io
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parent))  # the runner is a script, not an installed package

from leakbench.case import Case, CaseError, lines_apart, load, replaced
from leakbench.environment import OURS, interpreter, site_lines
from leakbench.score import ends_alike, false_alarms, same_departures, score_leaky
from leakbench.strays import MARK, end_marked
from leakbench.table import Row, same_fingerprints, show, to_json, totals
from leakbench.trial import Plan, free_port
from leakbench.turn import WAITS, Turn
from run import arguments, plan_of

DESCRIPTION = """
title = "A task"
kind = "task"
per_session = 1.0
departures = ["reset"]
command = ["{python}", "{twin}.py", "{port}"]
url = "ws://127.0.0.1:{port}/ws"
"""
LEAKY = "task = spawn()  # site\nwait()\n"
CLEAN = "task = spawn()  # site\nwait()\ntask.cancel()\n"


def write_case(folder: Path, clean: str = CLEAN, description: str = DESCRIPTION) -> Path:
    """Write a case folder and return it."""
    (folder / "case.toml").write_text(description)
    (folder / "leaky.py").write_text(LEAKY)
    (folder / "clean.py").write_text(clean)
    return folder


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return load(write_case(tmp_path))


def finding(**changes: Any) -> dict[str, Any]:
    """Return a finding that the case above expects, with changes."""
    rate = {"per_session": 1.0, "low": 0.9, "high": 1.0, "left": 10, "sessions": 10, "of": ["reset"]}
    site = {"file": "leaky.py", "line": 1, "function": "talk", "code": "", "library": None}
    return {
        "kind": "task",
        "verdict": "leak",
        "rule": "task-outlives-session",
        "fingerprint": "f1",
        "rate": rate,
        "site": site,
        **changes,
    }


def report(*findings: dict[str, Any], verdict: str = "leak") -> dict[str, Any]:
    """Return a report with these findings."""
    run = {"departures": {"close": 10, "reset": 10, "mid-handshake": 10}}
    return {"schema": "overstay/1", "verdict": verdict, "run": run, "findings": list(findings)}


def score(case: Case, *findings: dict[str, Any], verdict: str = "leak") -> Any:
    """Score a report with these findings."""
    return score_leaky(case, site_lines(case, Path(sys.executable)), report(*findings, verdict=verdict))


def test_expected_finding_at_its_line_scores_full(case: Case) -> None:
    """Right kind, verdict, line, rate and departures: everything is good and nothing is extra."""
    told = score(case, finding())
    assert (told.found, told.at_site, told.rate, told.departures, told.extras) == (True, True, True, True, ())


def test_right_kind_at_another_line_is_found_but_not_at_its_site(case: Case) -> None:
    """Recall and site accuracy are two figures."""
    told = score(case, finding(site={"file": "leaky.py", "line": 2}))
    assert told.found
    assert not told.at_site
    assert told.extras == ("leak task leaky.py:2 1.00",)


@pytest.mark.parametrize("changes", [{"kind": "timer"}, {"verdict": "likely"}, {"verdict": "bounded"}])
def test_other_kind_or_verdict_is_not_found(case: Case, changes: dict[str, str]) -> None:
    """A finding at the line that says something else is no hit."""
    assert not score(case, finding(**changes)).found


def test_invalid_report_finds_nothing(case: Case) -> None:
    """A run that proves nothing is not a pass, whatever its findings are."""
    assert not score(case, finding(), verdict="invalid").found
    assert false_alarms(report(verdict="invalid")) == ("the run was invalid",)
    assert false_alarms(None) == ("no report",)


def test_every_finding_on_a_clean_twin_is_a_false_alarm() -> None:
    """Severity does not matter: a clean server has no finding."""
    assert false_alarms(report(finding(verdict="bounded"))) == ("bounded task leaky.py:1 1.00",)
    assert false_alarms(report(verdict="clean")) == ()


def test_findings_at_one_site_add_up_to_the_rate(case: Case) -> None:
    """One acquisition may show under two fingerprints."""
    half = {"per_session": 0.5, "low": 0.4, "high": 0.6, "left": 5, "sessions": 10, "of": ["reset"]}
    assert score(case, finding(rate=half), finding(rate=half)).rate
    assert not score(case, finding(rate=half)).rate


def test_rate_inside_the_reported_interval_is_right(case: Case) -> None:
    """A wide interval that covers the expected rate is an honest answer."""
    wide = {"per_session": 0.8, "low": 0.5, "high": 1.0, "left": 8, "sessions": 10, "of": ["reset"]}
    assert score(case, finding(rate=wide)).rate


def test_growth_by_the_message_is_compared_with_what_is_told_of_messages(case: Case) -> None:
    """What a session adds depends on how much its client sent."""
    told = {"per_session": 22.0, "low": 22.0, "high": 22.0, "left": 220, "sessions": 10, "of": [], "per_message": 1.97}
    assert score(replace(case, per_message=2.0), finding(rate=told)).rate
    assert not score(replace(case, per_message=4.0), finding(rate=told)).rate


def test_departures_must_be_the_same_set(case: Case) -> None:
    """All departures is not an answer where only one leaks."""
    every = {"per_session": 1.0, "low": 0.9, "high": 1.0, "left": 10, "sessions": 10, "of": []}
    assert score(case, finding(rate=every)).departures is False


def test_all_departures_may_be_named_one_by_one() -> None:
    """In most servers a client that left during its handshake never was a session, so it need not be named."""
    made = ["close", "reset", "mid-handshake"]
    assert same_departures(frozenset(), frozenset(), made)
    assert same_departures(frozenset(), frozenset({"close", "reset"}), made)
    assert not same_departures(frozenset(), frozenset({"close"}), made)
    assert not same_departures(frozenset({"reset"}), frozenset(), made)


def test_finding_without_site_or_rate_is_scored(case: Case) -> None:
    """Both may be missing in a report."""
    told = score(case, finding(site=None, rate=None))
    assert told.found
    assert not told.at_site


def test_paths_are_compared_from_their_ends() -> None:
    """A report's path may be absolute or relative, but its last parts must agree whole."""
    assert ends_alike("/srv/app/leaky.py", "leaky.py")
    assert ends_alike("impl.py", "uvicorn/http/impl.py")
    assert not ends_alike("very_leaky.py", "leaky.py")


def test_lines_apart_counts_changed_added_and_removed_lines() -> None:
    """A changed line is one line, not one removed and one added."""
    assert lines_apart("a\nb\n", "a\nc\n") == 1
    assert lines_apart("a\nb\n", "a\nb\nc\n") == 1
    assert lines_apart("a\nb\nc\nd\n", "x\nb\nc\ny\n") == 2


@pytest.mark.parametrize("clean", [LEAKY, "other()\nthings()\nhere()\n"])
def test_twins_that_are_none_are_refused(tmp_path: Path, clean: str) -> None:
    """The same file twice proves nothing, and neither do two different servers."""
    with pytest.raises(CaseError):
        load(write_case(tmp_path, clean))


def test_twins_may_differ_in_their_arguments_alone(tmp_path: Path) -> None:
    """As with a library that leaks only for one departure."""
    folder = write_case(tmp_path, description=DESCRIPTION + '[leaky]\ndoctor = ["--departures", "reset"]\n')
    (folder / "clean.py").unlink()
    assert load(folder).arguments["leaky"].doctor == ("--departures", "reset")


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    """A misspelt kind would otherwise count as a miss for ever."""
    with pytest.raises(CaseError, match="tusk"):
        load(write_case(tmp_path, description=DESCRIPTION.replace('"task"', '"tusk"')))


def test_words_are_replaced_and_other_braces_stay() -> None:
    """Commands may contain JSON or a shell's braces."""
    assert replaced(["{port}", '{"a": {twin}}'], {"port": "80", "twin": "leaky"}) == ("80", '{"a": leaky}')


def test_totals_pass_only_when_all_is_found_and_nothing_else_is_said(case: Case) -> None:
    """The exit status is 0 only for recall 100 %, sites 100 % and no false alarm."""
    good = Row("a", "task", 1, score(case, finding()), (), 1.0, 1.0, ())
    assert totals([good])["passed"]
    assert not totals([good, replace(good, alarms=("leak task x.py:1 1.00",))])["passed"]
    assert not totals([good, replace(good, leaky=score(case))])["passed"]
    assert totals([good, replace(good, leaky=score(case))])["recall"] == 0.5
    assert not totals([good, replace(good, leaky=replace(score(case, finding()), trace=False))])["passed"]
    assert not totals([])["passed"]


def found_as(case: Case, number: int, *fingerprints: str) -> Row:
    """Return a row of the case in which it was found with these fingerprints; without any it was not found."""
    findings = [finding(fingerprint=each) for each in fingerprints]
    return Row("a", "task", number, score(case, *findings), (), 1.0, 1.0, (), python="3.11.7")


def test_same_fingerprints_in_all_runs_are_the_same(case: Case) -> None:
    """The order of two findings does not matter, and a run that did not find the leak has its own figure for that."""
    rows = [found_as(case, 1, "f1", "f2"), found_as(case, 2, "f2", "f1"), found_as(case, 3)]
    assert same_fingerprints(rows) == {"a": True}
    assert to_json(rows)["same_fingerprints"] == {"a": True}
    assert totals(rows)["same_fingerprints"] == 1.0


def test_another_fingerprint_in_one_run_fails_the_benchmark(case: Case) -> None:
    """Found ten times under two names is two findings for whoever compares reports."""
    rows = [found_as(case, number, "f2" if number == 7 else "f1") for number in range(1, 11)]
    assert same_fingerprints(rows) == {"a": False}
    assert not totals(rows)["passed"]
    assert totals(rows[:6])["passed"]


def test_one_run_says_nothing_about_fingerprints(case: Case) -> None:
    """There is nothing to compare with."""
    assert same_fingerprints([found_as(case, 1, "f1")]) == {"a": None}
    assert totals([found_as(case, 1, "f1")])["same_fingerprints"] is None
    assert totals([found_as(case, 1, "f1")])["passed"]


def test_the_table_names_the_cases_with_other_fingerprints(case: Case) -> None:
    """The run and what it said are told, so that the reports can be compared."""
    screen = io.StringIO()
    show([found_as(case, 1, "f1"), found_as(case, 2, "f2")], Console(file=screen, width=160))
    assert "a: other fingerprints: #1 f1; #2 f2" in screen.getvalue()
    assert re.search(r"^a +2 3\.11\.7 .*✗", screen.getvalue(), re.MULTILINE)


def test_runs_take_turns_over_the_pythons(tmp_path: Path) -> None:
    """With two of them every other run is the second one's."""
    first, second = Path("/a/python"), Path("/b/python")
    plan = Plan(tmp_path, 40, 300.0, pythons=(first, second))
    assert [plan.python(number) for number in (1, 2, 3)] == [first, second, first]


def test_only_leaky_twins_are_run_for_the_traces() -> None:
    """With as many sessions as ever; `--clean` is about the other servers."""
    plan = plan_of(arguments(["--traces"]), (OURS,))
    assert (plan.twins, plan.sessions, plan.departures) == (("leaky",), 40, None)
    assert plan_of(arguments([]), (OURS,)).twins == ("leaky", "clean")
    with pytest.raises(SystemExit):
        arguments(["--traces", "--clean"])


def test_nothing_is_said_of_clean_twins_that_were_not_run(case: Case) -> None:
    """No false alarm was counted, which is not the same as none."""
    row = Row("a", "task", 1, score(case, finding()), None, 1.0, 0.0, ())
    assert totals([row])["passed"]
    assert totals([row])["false_alarms"] is None
    assert totals([row, replace(row, alarms=())])["false_alarms"] == 0


def test_case_without_requirements_runs_on_the_python_that_is_asked_for(case: Case, tmp_path: Path) -> None:
    """Its server is started by that very interpreter."""
    asked_for = Path("/a/python")
    assert asyncio.run(interpreter(case, "leaky", tmp_path, asked_for)) == asked_for


@pytest.mark.slow
def test_each_python_has_an_environment_of_its_own(case: Case, tmp_path: Path) -> None:
    """The same requirements on another interpreter are another environment, and each is made once."""
    requirements = tmp_path / "requirements-leaky.txt"
    requirements.write_text("")
    pinned, other = replace(case, requirements={"leaky": requirements}), tmp_path / "python"
    other.symlink_to(sys.executable)
    made = [asyncio.run(interpreter(pinned, "leaky", tmp_path / "venvs", each)) for each in (OURS, other, OURS)]
    assert made[0] != made[1]
    assert made[0] == made[2]
    assert all(python.is_file() for python in made)


def test_marked_processes_are_ended() -> None:
    """Whatever a trial started is found by its environment, even when its parent is gone."""
    mark = f"test-{os.getpid()}"
    orphan = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    subprocess.run([sys.executable, "-c", orphan], env={**os.environ, MARK: mark}, check=True)
    assert len(end_marked(mark)) == 1
    until = time.monotonic() + 10
    while end_marked(mark):
        assert time.monotonic() < until


def test_trial_that_waits_for_its_second_look_gives_its_turn_away(tmp_path: Path) -> None:
    """With one turn two trials run at once as soon as the first says that it waits, and not before."""

    async def two_trials() -> list[str]:
        turns, happened = asyncio.Semaphore(1), list[str]()

        async def second() -> None:
            async with Turn(turns, tmp_path / "second.log"):
                happened.append("second began")

        async with asyncio.TaskGroup() as group, Turn(turns, tmp_path / "first.log"):
            begun = group.create_task(second())
            (tmp_path / "first.log").write_bytes(b"visiting: 1 of 40\n")
            await asyncio.wait([begun], timeout=1.5)
            happened.append("first waits")
            (tmp_path / "first.log").write_bytes(b"visiting: 1 of 40\n" + WAITS + b"0 of 54 s\n")
            await begun
            happened.append("first ends")
        return happened

    assert asyncio.run(two_trials()) == ["first waits", "second began", "first ends"]


@pytest.mark.parametrize("error", [None, ValueError])
def test_turn_is_given_back_once(tmp_path: Path, error: type[Exception] | None) -> None:
    """By a trial that never waited, and by one that failed."""

    async def one_trial() -> asyncio.Semaphore:
        turns = asyncio.Semaphore(1)
        with contextlib.suppress(ValueError):
            async with Turn(turns, tmp_path / "log"):
                if error:
                    raise error
        async with Turn(turns, tmp_path / "log"):
            assert turns.locked()
        await asyncio.wait_for(turns.acquire(), 10)
        return turns

    assert asyncio.run(one_trial()).locked()


def test_free_ports_are_given_once() -> None:
    """Two trials at once never share a port."""
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_every_case_of_the_benchmark_can_be_used() -> None:
    """Descriptions, twins and markers of the synthetic pairs are in order, and there are at least 30 of them."""
    folders = [path.parent for path in (Path(__file__).parent / "cases").glob("*/case.toml")]
    synthetic = [load(folder) for folder in folders if not folder.name.startswith("lib-")]
    assert len(synthetic) >= 30
    for one in synthetic:
        assert 1 <= len(site_lines(one, Path(sys.executable))) <= 2, one.name
