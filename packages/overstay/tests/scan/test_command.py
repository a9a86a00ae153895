"""`overstay scan` and `overstay explain`: what they print and write, and how they end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from overstay.cli import main
from overstay.commands.explain import check_names, rule_names
from overstay.demo.planted import FOLDER
from overstay.findings import AffectsYou
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.report import document
from overstay.scan.languages import every_rule

TASK = "import asyncio\n\n\nasync def go(work):\n    asyncio.create_task(work())\n"


def test_findings_end_with_status_1_and_name_line_why_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    """The screen has all that a person needs."""
    assert main(["scan", str(FOLDER), "--lang", "en"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "proxy_message_queue.py:18" in out
    assert "starts a task that nobody owns" in out
    assert "fix: Keep the task" in out
    assert "13 lines need a fix" in out


def test_clean_project_ends_with_status_0_and_says_what_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A short, visible all-is-well."""
    (tmp_path / "app.py").write_text("x = 1\n")
    assert main(["scan", str(tmp_path), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "Read 1 file, 1 line" in out
    assert "Nothing found that would outlive a session." in out


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_that_are_not_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str) -> None:
    """With the reason, in either language; of many only the first."""
    for number in range(15):
        (tmp_path / f"bad{number:02}.py").write_text("def (:\n")
    assert main(["scan", str(tmp_path), "--lang", language]) == 3
    out = capsys.readouterr().out
    assert "bad00.py" in out
    assert "bad14.py" not in out
    assert "5" in out


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_read_is_not_called_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    """An empty folder, or the wrong one, is no good news: on the screen, in the status and in the report."""
    say = Speaker(language)
    report = tmp_path / "report.json"
    assert main(["scan", str(tmp_path), "--lang", language, "--json", str(report)]) == 3
    assert document.read(report).verdict == "inconclusive"
    out = capsys.readouterr().out
    assert say("scan.empty") in out
    assert say("scan.nothing") not in out


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_that_is_switched_off_needs_no_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    """The configuration decides, as it does for the doctor; the reports keep the finding, and say why."""
    say = Speaker(language)
    (tmp_path / "proxy_queue.py").write_text("import asyncio\n\n\ndef go(work):\n    asyncio.create_task(work())\n")
    log, report = tmp_path / "log.sarif", tmp_path / "report.json"
    words = ["scan", str(tmp_path), "--lang", language, "--sarif", str(log), "--json", str(report)]
    for state, status in (("true", 1), ("false", 0)):
        (tmp_path / "conf.yaml").write_text(f"enable_proxy: {state}\n")
        assert main(words) == status
    why = say("check.switch.off", name="enable_proxy", where="conf.yaml:1")
    assert "".join(say("scan.switched-off", n=1, why=why).split()) in "".join(capsys.readouterr().out.split())
    [finding] = document.read(report).findings
    assert finding.affects_you == AffectsYou("no", why)
    [result] = json.loads(log.read_text(encoding="utf-8"))["runs"][0]["results"]
    assert result["level"] == "note"
    assert say("screen.affects-no", why=why) in result["message"]["text"]


def test_hints_are_shown_when_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each in a line with its rule and its place; the status stays that of a clean project."""
    (tmp_path / "app.py").write_text(
        "async def leave(agent):\n    if hasattr(agent, 'close'):\n        agent.close()\n"
    )
    assert main(["scan", str(tmp_path), "--lang", "en"]) == 0
    assert "hasattr-close-guard" not in capsys.readouterr().out
    assert main(["scan", str(tmp_path), "--hints", "--lang", "en"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "app.py:2" in out
    assert "(hasattr-close-guard)" in out
    assert "Nothing found that would outlive a session." in out


def test_a_scan_without_hints_says_so_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Silence would leave open whether any were looked for."""
    (tmp_path / "app.py").write_text("x = 1\n")
    assert main(["scan", str(tmp_path), "--hints", "--lang", "en"]) == 0
    assert "No hints." in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes there")
def test_pipe_is_refused_and_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named like source, and nothing to read."""
    os.mkfifo(tmp_path / "app.py")
    assert main(["scan", str(tmp_path / "app.py"), "--lang", "en"]) == 2
    assert "There is no source to read in" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_a_scan_with_130_and_no_traceback(tmp_path: Path) -> None:
    """While it waits for the files of a project that is larger than the moment before the signal."""
    text = (FOLDER / "service_context.py").read_text(encoding="utf-8")
    for number in range(400):
        (tmp_path / f"part{number}.py").write_text(text, encoding="utf-8")
    words = [sys.executable, "-X", "importtime", "-m", "overstay", "scan", str(tmp_path), "--lang", "en"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as scanning:
        assert scanning.stderr is not None
        # The last module that the command imports before it reads.
        for line in scanning.stderr:
            if line.rstrip().endswith("| overstay.commands.scan"):
                break
        scanning.send_signal(signal.SIGINT)
        out, err = scanning.communicate(timeout=60)
    assert scanning.returncode == 130
    assert "Traceback" not in err
    assert out == ""


def test_one_file_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder is the project, and nothing else of it is read."""
    (tmp_path / "app.py").write_text(TASK)
    (tmp_path / "other.py").write_text(TASK)
    assert main(["scan", str(tmp_path / "app.py"), "--lang", "en"]) == 1
    out = capsys.readouterr().out
    assert "app.py:5" in out
    assert "other.py" not in out


def test_json_is_a_report_that_can_be_read_back(tmp_path: Path) -> None:
    """The same schema as that of a run, with what was read."""
    (tmp_path / "app.py").write_text(TASK)
    (tmp_path / "bad.py").write_text("def (:\n")
    main(["scan", str(tmp_path), "--json", str(tmp_path / "scan.json")])
    report = document.read(tmp_path / "scan.json")
    assert report.scan is not None
    assert (report.scan.files, report.scan.lines) == (1, 5)
    assert [each.file for each in report.scan.skipped] == ["bad.py"]
    assert [each.rule for each in report.findings] == ["task-without-owner"]
    assert report.exit_status == 1


def test_sarif_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    """Beside the screen, not in place of it."""
    (tmp_path / "app.py").write_text(TASK)
    main(["scan", str(tmp_path), "--sarif", str(tmp_path / "scan.sarif")])
    log = json.loads((tmp_path / "scan.sarif").read_text(encoding="utf-8"))
    assert log["runs"][0]["results"][0]["ruleId"] == "task-without-owner"


def test_sarif_into_a_missing_folder_is_refused_before_the_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user is told at once."""
    assert main(["scan", str(tmp_path), "--sarif", str(tmp_path / "no" / "scan.sarif")]) == 2
    assert str(tmp_path / "no") in capsys.readouterr().err


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", [*rule_names(), *check_names()])
def test_every_rule_is_explained(rule: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the source, those of a running server, and those of the checks of a project."""
    assert main(["explain", rule, "--lang", language]) == 0
    out = capsys.readouterr().out
    assert out.startswith(rule)
    assert "{" not in out


def test_rules_of_the_source_can_all_be_explained() -> None:
    """No rule is left out of the catalogue."""
    assert every_rule().keys() <= set(rule_names())


def test_page_of_the_scan_lists_every_rule() -> None:
    """And no other; those about a page's scripts have pages of their own."""
    page = (Path(__file__).parents[4] / "docs" / "scan.md").read_text(encoding="utf-8")
    told = {line.split("`")[1] for line in page.splitlines() if line.startswith("| [`")}
    assert told == {rule.id for rule in every_rule().values() if rule.language == "python"}
