"""The proof of a fix: what two reports say together."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from overstay.compare import Comparison, compare
from overstay.errors import InvalidRun
from overstay.findings import (
    SEVERITY_OF,
    Finding,
    Fix,
    Latency,
    Rate,
    Report,
    Run,
    RunVerdict,
    Site,
    Target,
    Trend,
    Verdict,
)
from overstay.judge.cohorts import wilson
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.report import comparison
from overstay.report.problem import sentence


def a_leak(name: str, left: int = 40, sessions: int = 40, verdict: Verdict = "leak") -> Finding:
    """Return a finding of so many holdings left by so many sessions."""
    low, high = wilson(left, sessions)
    return Finding(
        fingerprint=name,
        rule="task-outlives-session",
        kind="task",
        verdict=verdict,
        severity=SEVERITY_OF[verdict],
        title=f"{name} leaves a task",
        rate=Rate(left / sessions, low, high, left, sessions),
        site=Site(f"{name}.py", 1, "talk"),
        fix=Fix("Cancel it."),
    )


def slower(name: str = "slow") -> Finding:
    """Return a finding of a server that gets slower; it has no rate."""
    return replace(a_leak(name), rule="slower-per-session", kind="latency", rate=None, verdict="likely")


def a_report(
    *findings: Finding,
    sessions: int = 40,
    url: str = "ws://127.0.0.1:8000/ws",
    departures: tuple[str, ...] = ("close", "reset"),
    slope: float | None = None,
    verdict: RunVerdict = "leak",
    inside: bool = True,
) -> Report:
    """Return a report with these findings."""
    return Report(
        verdict=verdict,
        target=Target(("uvicorn",), url, "3.11.7", (), inside=inside),
        run=Run(sessions, sessions, dict.fromkeys(departures, 20), (), 1.0, {}),
        latency=Latency(first_reply_ms=Trend(1, 2, slope, slope - 1, slope + 1) if slope is not None else None),
        findings=findings,
    )


def statuses(changes: Comparison) -> dict[str, str]:
    """Return what became of each fingerprint."""
    return {change.title.partition(" ")[0]: change.status for change in changes.changes}


def test_a_finding_that_is_gone_is_fixed() -> None:
    """The proof: it was there, the same visits were made, it is not there."""
    changes = compare(a_report(a_leak("queue")), a_report(verdict="clean"))
    assert statuses(changes) == {"queue": "fixed"}
    assert changes.exit_status == 0


@pytest.mark.parametrize("verdict", ["bounded", "one-off", "late", "cycle-pressure"])
def test_a_finding_that_became_harmless_is_fixed(verdict: Verdict) -> None:
    """What is cleaned up late, or bounded, needs no fix any more."""
    changes = compare(a_report(a_leak("queue")), a_report(a_leak("queue", verdict=verdict)))
    assert statuses(changes) == {"queue": "fixed"}


@pytest.mark.parametrize(
    ("left", "verdict", "status"),
    [
        (160, "leak", "unchanged"),
        (150, "leak", "unchanged"),
        (80, "leak", "better"),
        (15, "leak", "better"),
        (15, "likely", "fixed"),
        (2, "inconclusive", "fixed"),
        (40, "inconclusive", "better"),
    ],
)
def test_a_rate_that_fell_is_told_by_how_far(left: int, verdict: Verdict, status: str) -> None:
    """By 90 % and no longer a proven leak: fixed; beyond the interval: better; within it: unchanged."""
    before, after = a_leak("queue", 155, 160), a_leak("queue", left, 160, verdict)
    changes = compare(a_report(before, sessions=160), a_report(after, sessions=160))
    assert statuses(changes) == {"queue": status}
    assert changes.exit_status == (0 if status == "fixed" else 1)


def test_a_rate_that_rose_beyond_its_interval_is_worse() -> None:
    """A fix that makes it worse is said to."""
    changes = compare(a_report(a_leak("queue", 4)), a_report(a_leak("queue", 40)))
    assert statuses(changes) == {"queue": "worse"}


def test_a_new_finding_fails_the_comparison() -> None:
    """Everything fixed is not enough when the fix leaks elsewhere."""
    changes = compare(a_report(a_leak("queue")), a_report(a_leak("pool")))
    assert statuses(changes) == {"queue": "fixed", "pool": "new"}
    assert changes.exit_status == 1


def test_only_problems_are_new() -> None:
    """A pool that shows up, or a hint too weak to judge, is no problem."""
    after = a_report(a_leak("pool", verdict="bounded"), a_leak("hint", 1, verdict="inconclusive"))
    assert statuses(compare(a_report(a_leak("queue")), after)) == {"queue": "fixed"}


def test_a_harmless_finding_that_became_a_leak_is_new() -> None:
    """It was there before, but not as a problem."""
    before = a_report(a_leak("queue"), a_leak("pool", 4, verdict="bounded"))
    assert statuses(compare(before, a_report(a_leak("pool")))) == {"queue": "fixed", "pool": "new"}


def test_slowness_is_fixed_when_it_is_gone() -> None:
    """A finding without a rate is there or it is not."""
    assert statuses(compare(a_report(slower()), a_report())) == {"slow": "fixed"}
    assert statuses(compare(a_report(slower()), a_report(slower()))) == {"slow": "unchanged"}


def test_of_two_workers_the_leakier_counts() -> None:
    """A fix that reaches one worker only is no fix."""
    after = a_report(a_leak("queue", 40), a_leak("queue", 1, verdict="late"))
    assert statuses(compare(a_report(a_leak("queue")), after)) == {"queue": "unchanged"}


def test_what_is_left_comes_before_what_is_fixed() -> None:
    """New and worse first: they are what is to be done."""
    changes = compare(a_report(a_leak("a"), a_leak("b")), a_report(a_leak("b"), a_leak("c")))
    assert [change.status for change in changes.changes] == ["new", "unchanged", "fixed"]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (a_report(verdict="invalid"), "compare.why-invalid"),
        (a_report(verdict="inconclusive"), "compare.why-inconclusive"),
        (a_report(inside=False), "compare.why-outside"),
        (a_report(url="ws://127.0.0.1:8000/chat"), "compare.why-path"),
        (a_report(departures=("close",)), "compare.why-departures"),
        (a_report(sessions=19), "compare.why-sessions"),
        (a_report(sessions=81), "compare.why-sessions"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_unlike_runs_are_refused_with_the_reason(after: Report, why: str, language: Language) -> None:
    """A difference between unlike runs is not the fix's doing."""
    with pytest.raises(InvalidRun) as caught:
        compare(a_report(a_leak("queue")), after)
    assert (caught.value.slug, caught.value.values["why"]) == ("compare.not-comparable", why)
    text = sentence(caught.value, Speaker(language))
    assert "compare." not in text
    assert "outcome." not in text
    assert "{" not in text


def test_the_port_is_not_the_path() -> None:
    """The fixed server may listen elsewhere."""
    after = a_report(url="ws://127.0.0.1:9000/ws", verdict="clean")
    assert compare(a_report(a_leak("queue")), after).exit_status == 0


def test_doubling_does_not_make_runs_unlike() -> None:
    """A leak is doubled to be sure of it, its fix need not be: 40 and 160 visits are alike."""
    before = a_report(a_leak("queue", 160, 160), sessions=160)
    assert compare(before, a_report(sessions=40, verdict="clean")).exit_status == 0


def test_a_before_that_did_not_leak_proves_nothing() -> None:
    """Most often the two files were given in the wrong order."""
    with pytest.raises(InvalidRun) as caught:
        compare(a_report(a_leak("pool", verdict="bounded"), verdict="clean"), a_report(a_leak("queue")))
    assert caught.value.slug == "compare.before-clean"


def rendered(changes: Comparison, language: Language) -> str:
    """Return the comparison as a plain terminal of 80 columns shows it."""
    screen = io.StringIO()
    comparison.render(changes, Speaker(language), Console(file=screen, width=80, color_system=None))
    return screen.getvalue()


def test_the_screen_shows_each_change_with_its_rates() -> None:
    """Count first, then new, left and fixed, each with the rate before and after."""
    before = a_report(a_leak("queue"), a_leak("tool", 38), slower("history"), slope=85.0)
    after = a_report(a_leak("tool", 10), a_leak("pool", 20), slope=0.5)
    assert rendered(compare(before, after), "en") == (
        "2 of 3 findings are fixed, 1 new.\n"
        "  new          pool leaves a task; made at pool.py:1 in talk; 0.5 per session\n"
        "  better       tool leaves a task; made at tool.py:1 in talk; 0.95 -> 0.25 per\n"
        "               session\n"
        "  fixed        history leaves a task; the time is spent at history.py:1 in talk\n"
        "  fixed        queue leaves a task; made at queue.py:1 in talk; 1 per session ->\n"
        "               gone\n"
        "  first reply  +85 -> +0.5 ms per 100 sessions\n"
        "\n"
        "Fix what is left, run the same command again, and compare with the same first\n"
        "report.\n"
    )


def test_the_screen_speaks_chinese() -> None:
    """The same in Simplified Chinese."""
    text = rendered(compare(a_report(a_leak("queue")), a_report(verdict="clean")), "zh")
    assert text.startswith("1 个问题中修好了 1 个，新出现 0 个。\n")
    assert "每个会话 1 -> 已消失" in text
    assert text.endswith("第一次运行发现的问题都已修复，也没有新问题。\n")
