"""`overstay doctor PROJECT` has the checks' word and the source's, each line once, and what switched-off code is."""

import subprocess
from pathlib import Path

import pytest

from overstay.checks.project import Project
from overstay.demo.planted import FOLDER, planted
from overstay.findings import Finding, Fix, Latency, Report, Run, Site, Target
from overstay.messages import Speaker
from overstay.source_reading import beside, with_source

SAY = Speaker("en")
PROXY = "import asyncio\n\ndef queue(self, message):\n    asyncio.create_task(self.forward(message))\n"


def a_report(*findings: Finding) -> Report:
    return Report("clean", Target((), None, None, (), inside=False), Run(0, 0, {}, (), 0.0, {}), Latency(), findings)


def a_finding(file: str, line: int, kind: str = "task") -> Finding:
    site = Site(file, line, "queue", "asyncio.create_task(self.forward(message))")
    return Finding("f1", "task-outlives-session", kind, "leak", "severe", "a task", None, site, Fix("end it"))


def test_every_planted_suspect_is_named_from_the_folder_alone(doctor):
    """The demo's own folder, without a server: each of the 13 at its line, suspects 1 to 7 among them."""
    words = [doctor.words()[0], "doctor", str(FOLDER), "--lang", "en", "--json", "report.json"]
    outcome = doctor.finish(doctor.start(words))
    assert outcome.status == 1, outcome.err
    sites = {(each["site"]["file"], each["site"]["line"]) for each in outcome.report["findings"] if each["site"]}
    assert {(bug.file, bug.line) for bug in planted()} <= sites
    assert {each["suspect"] for each in outcome.report["findings"]} >= set(range(1, 8))


def test_line_that_a_check_has_named_is_said_once(tmp_path: Path) -> None:
    """What the scan says of a line that a check has as a problem adds nothing."""
    (tmp_path / "queue_module.py").write_text(PROXY)
    report = with_source(a_report(a_finding("queue_module.py", 4, "project")), Project(tmp_path), SAY)
    assert [each.kind for each in report.findings] == ["project"]


def test_code_that_is_switched_off_needs_no_fix(tmp_path: Path) -> None:
    """A task without owner in proxy code does not affect whom the configuration keeps from running it."""
    (tmp_path / "proxy_queue.py").write_text(PROXY)
    (tmp_path / "conf.yaml").write_text("enable_proxy: false\n")
    (finding,) = with_source(a_report(), Project(tmp_path), SAY).findings
    assert (finding.rule, finding.severity, finding.affects_you.answer) == ("task-without-owner", "fine", "no")
    (tmp_path / "conf.yaml").write_text("enable_proxy: true\n")
    (finding,) = with_source(a_report(), Project(tmp_path), SAY).findings
    assert (finding.severity, finding.affects_you.answer) == ("severe", "yes")


def test_servers_finding_has_what_the_source_says_and_nothing_is_added(tmp_path: Path) -> None:
    """Where no project was named, the source only speaks of what the server has shown."""
    (tmp_path / "app.py").write_text(PROXY + "\nasync def other():\n    asyncio.create_task(other())\n")
    report = beside(a_report(a_finding("app.py", 4)), Project(tmp_path), SAY)
    (finding,) = report.findings
    assert any("task-without-owner" in line for line in finding.evidence)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_clean_project_gets_a_short_all_is_well(tmp_path: Path, doctor, language) -> None:
    """Nothing to fix is said in the first line, with status 0, and every suspect says what was looked at."""
    (tmp_path / "app.py").write_text("async def talk(websocket):\n    await websocket.accept()\n")
    words = [doctor.words()[0], "doctor", str(tmp_path), "--lang", language]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0] == Speaker(language)("check.outcome.fine")
