"""The data of a report and its schema."""

import json

import pytest

from overstay.findings import (
    SEVERITY_OF,
    Finding,
    Fix,
    Latency,
    Rate,
    Reference,
    Report,
    Run,
    RunVerdict,
    Site,
    Target,
    Trend,
    Verdict,
)


def a_finding(verdict: Verdict) -> Finding:
    """Return a finding with every field."""
    return Finding(
        fingerprint="9f2c",
        rule="task-outlives-session",
        kind="task",
        verdict=verdict,
        severity=SEVERITY_OF[verdict],
        title="every client leaves 1 task",
        rate=Rate(1.0, 0.91, 1.0, 40, 40, ("reset",)),
        site=Site("app/server.py", 41, "talk", "create_task(x())"),
        fix=Fix("Cancel it."),
        stack=(Site("app/server.py", 41, "talk"),),
        trace=(Reference("module app.state"),),
    )


def a_report(verdict: RunVerdict, *findings: Finding) -> Report:
    """Return a report with these findings."""
    return Report(
        verdict=verdict,
        target=Target(("uvicorn",), "ws://127.0.0.1:1/", "3.11.7", ("uvicorn 0.54.0",)),
        run=Run(40, 40, {"close": 40}, (), 1.0, {"task": "found"}),
        latency=Latency(Trend(1, 1, 0, 0, 0), Trend(1, 1, 0, 0, 0), {"p50": 0.1, "p99": 0.2, "max": 0.3}),
        findings=findings,
    )


def test_json_has_the_fields_of_the_schema() -> None:
    """Every name that `overstay/1` promises is there."""
    plain = json.loads(json.dumps(a_report("leak", a_finding("leak")).to_json()))
    assert plain["schema"] == "overstay/1"
    assert {"verdict", "target", "run", "latency", "findings", "counters", "self"} <= set(plain)
    assert {"command", "url", "python", "servers"} <= set(plain["target"])
    assert {"visits", "sessions", "departures", "not_exercised", "duration_s", "canaries"} <= set(plain["run"])
    assert set(plain["latency"]) == {"connect_ms", "first_reply_ms", "loop_lag_ms", "disturbance"}
    assert set(plain["latency"]["first_reply_ms"]) == {"first_fifth", "last_fifth", "per_100_sessions", "low", "high"}
    assert set(plain["self"]) == {"cpu_share", "rss_mb", "census_pause_ms"}
    finding = plain["findings"][0]
    assert {"fingerprint", "rule", "kind", "verdict", "severity", "title", "suspect", "stack", "evidence"} <= set(
        finding
    )
    assert finding["rate"] == {
        "per_session": 1.0, "low": 0.91, "high": 1.0, "left": 40, "sessions": 40, "of": ["reset"], "per_message": None
    }  # fmt: skip
    assert set(finding["site"]) == {"file", "line", "function", "code", "library"}
    assert finding["trace"] == [{"reference": "module app.state", "owner": False}]
    assert set(finding["affects_you"]) == {"answer", "why"}
    assert set(finding["fix"]) == {"summary", "diff"}


@pytest.mark.parametrize(
    ("verdict", "findings", "status"),
    [
        ("clean", (), 0),
        ("clean", ("late", "bounded", "one-off", "cycle-pressure"), 0),
        ("leak", ("leak",), 1),
        ("leak", ("likely",), 1),
        ("leak", ("time-driven",), 1),
        ("inconclusive", ("inconclusive",), 3),
        ("inconclusive", (), 3),
        ("inconclusive", ("inconclusive", "likely"), 1),
        ("invalid", ("leak",), 3),
    ],
)
def test_the_exit_status_follows_the_findings(verdict: RunVerdict, findings: tuple[Verdict, ...], status: int) -> None:
    """0 nothing at severity severe or warning, 1 findings, 3 inconclusive or invalid."""
    assert a_report(verdict, *map(a_finding, findings)).exit_status == status


def test_a_site_reads_as_editors_open_it() -> None:
    """File and line, as in a traceback."""
    assert str(Site("app/server.py", 41, "talk")) == "app/server.py:41"


def test_a_note_is_added_at_the_end() -> None:
    """Notes come in the order in which things happened."""
    assert a_report("clean").with_note("one").with_note("two").run.notes == ("one", "two")
