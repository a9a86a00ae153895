"""What the source says and what the server showed become one finding where they are about one place."""

from dataclasses import replace
from pathlib import Path

import pytest

from overstay.demo.planted import FOLDER
from overstay.findings import Finding, Fix, Rate, Site
from overstay.messages import Speaker
from overstay.scan import ScanResult, scan
from overstay.scan.joining import joined

SAY = Speaker("en")


@pytest.fixture(scope="module")
def result() -> ScanResult:
    """The scan of the demo."""
    return scan(FOLDER, say=SAY)


def seen(kind: str, file: str, line: int, function: str) -> Finding:
    """Return a finding of a running server, as the examination makes them."""
    return Finding(
        fingerprint="0",
        rule=f"{kind}-outlives-session",
        kind=kind,
        verdict="leak",
        severity="severe",
        title="every client leaves one",
        rate=Rate(1.0, 0.9, 1.0, 40, 40),
        site=Site(file, line, function),
        fix=Fix("End it."),
        evidence=("seen",),
    )


def static(result: ScanResult, rule: str) -> Finding:
    return next(each for each in result.findings if each.rule == rule)


def test_findings_of_one_line_become_one(result: ScanResult) -> None:
    """The server's finding keeps its verdict and rate, and gets what the source says."""
    task = static(result, "task-without-owner")
    assert task.site is not None
    [one] = joined([seen("task", task.site.file, task.site.line, task.site.function)], [task], (), SAY)
    assert (one.verdict, one.suspect) == ("leak", 1)
    assert one.rate is not None
    assert one.evidence[0] == "seen"
    assert any("task-without-owner" in line for line in one.evidence)


def test_only_related_finding_of_the_same_function_counts(result: ScanResult) -> None:
    """The server may name another line of the function, such as that of a helper call."""
    process = static(result, "process-not-ended")
    assert process.site is not None
    site = process.site
    assert len(joined([seen("process", site.file, site.line + 1, site.function)], [process], (), SAY)) == 1
    assert len(joined([seen("timer", site.file, site.line + 1, site.function)], [process], (), SAY)) == 2
    assert len(joined([seen("process", "other.py", site.line, site.function)], [process], (), SAY)) == 2


def test_what_only_the_source_says_comes_after_what_was_seen(result: ScanResult) -> None:
    """Nothing is lost."""
    there = joined([seen("task", "elsewhere.py", 1, "go")], result.findings, (), SAY)
    assert len(there) == 1 + len(result.findings)
    assert there[0].rate is not None


def test_hint_is_said_only_beside_a_finding(result: ScanResult) -> None:
    """Alone it is no more than a guess."""
    hint = replace(static(result, "timer-reschedules-itself"), rule="a-hint")
    assert hint.site is not None
    site = hint.site
    [beside] = joined([seen("timer", site.file, site.line, site.function)], (), [hint], SAY)
    assert any("a-hint" in line for line in beside.evidence)
    assert joined((), (), [hint], SAY) == ()


def test_every_planted_leak_that_a_server_shows_joins_its_line(result: ScanResult) -> None:
    """The demo's leaks are told by line in both ways."""
    lines = {(each.site.file, each.site.line, each.site.function, each.kind) for each in result.findings if each.site}
    dynamic = [seen(kind, file, line, function) for file, line, function, kind in sorted(lines)]
    assert len(joined(dynamic, result.findings, (), SAY)) == len(dynamic)


def test_finding_without_a_site_stays_as_it_is(result: ScanResult) -> None:
    """A counter that nobody owns has no line to join."""
    alone = replace(seen("counter", "x.py", 1, "x"), site=None)
    assert joined([alone], (), result.findings, SAY) == (alone,)


def test_paths_are_those_of_the_project(result: ScanResult) -> None:
    """Both kinds of finding name files relative to the project, with forward slashes."""
    assert all(not Path(each.site.file).is_absolute() for each in result.findings if each.site)
