"""`overstay demo` as its user has it: one run, one screen, every planted suspect found, nothing left running."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

import psutil
import pytest
from rich.console import Console

from overstay.commands.demo import _score
from overstay.demo.planted import planted
from overstay.findings import Report
from overstay.messages import Speaker
from overstay.report import document, terminal
from overstay.report.sheet import Sheet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
OVERSTAY = Path(sys.executable).parent / "overstay"
EXPECTED = planted()


@dataclass(frozen=True)
class Shown:
    """What one run of the demo printed and wrote."""

    status: int
    out: str
    err: str
    report: Report
    left_running: list[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo, run once for all tests of this file."""
    folder = tmp_path_factory.mktemp("demo")
    mark = f"overstay-test-demo-{os.getpid()}"
    environment = os.environ | {"OVERSTAY_TEST": mark, "LC_ALL": "C.UTF-8", "COLUMNS": "100", "TMPDIR": str(folder)}
    done = subprocess.run(
        [str(OVERSTAY), "demo", "--json", str(folder / "demo.json")],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    assert [path.name for path in folder.iterdir()] == ["demo.json"]  # no speech file, no cache
    report = document.read(folder / "demo.json")
    return Shown(done.returncode, done.stdout, done.stderr, report, marked(mark))


def marked(mark: str) -> list[str]:
    """Return the command lines of processes that carry the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("OVERSTAY_TEST") == mark:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_demo_finds_every_planted_suspect(shown: Shown) -> None:
    """All thirteen, each at its line and by the rule that its run must show; then the status is 0."""
    assert shown.status == 0, shown.out + shown.err
    assert len(EXPECTED) == 13
    sites = {(each.rule, each.site.file, each.site.line) for each in shown.report.findings if each.site}
    missed = [bug.name for bug in EXPECTED if bug.kind != "latency" and (bug.rule, bug.file, bug.line) not in sites]
    assert missed == []
    assert "slower-per-session" in {finding.rule for finding in shown.report.findings}
    assert shown.report.verdict == "leak"


def test_demo_that_is_interrupted_counts_only_what_it_saw() -> None:
    """What the source alone says is no suspect that was found; only the page's, which no visit can show, is."""
    environment = os.environ | {"LC_ALL": "C.UTF-8", "COLUMNS": "100"}
    with subprocess.Popen([str(OVERSTAY), "demo"], env=environment, stdout=PIPE, stderr=PIPE, text=True) as demo:
        assert demo.stderr is not None
        while "warming up" not in demo.stderr.readline():
            assert demo.poll() is None
        demo.send_signal(signal.SIGINT)
        out, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "Interrupted" in out
    assert "1 of 13 planted suspects found." in out


def test_demo_says_what_closers_did(shown: Shown) -> None:
    """The agent's and the tool client's run whenever a client leaves, and what they should end is there."""
    told = {(each.kind, each.site.file): " ".join(each.evidence) for each in shown.report.findings if each.site}
    assert "`BasicMemoryAgent.close` ran in all" in told["container", "basic_memory_agent.py"]
    assert "`BasicMemoryAgent.close` ran in all" in told["socket", "basic_memory_agent.py"]
    assert "`MCPClient.aclose` ran in all" in told["process", "mcp_client.py"]
    assert "`SpeechEngine.keep_warm`, which fills it, ran in" in told["container", "service_context.py"]


def test_demo_leaves_nothing_running(shown: Shown) -> None:
    """The server and all that its clients left behind have ended with the demo."""
    assert shown.left_running == []


def test_demo_says_first_whether_the_server_gets_slower(shown: Shown) -> None:
    """The user's question is answered in the first line, before any finding."""
    assert shown.out.splitlines()[0].startswith("The server gets slower")


def test_demo_makes_every_departure_and_finds_every_canary(shown: Shown) -> None:
    """Nothing of what a run can do is left out."""
    assert shown.report.run.not_exercised == ()
    assert set(shown.report.run.canaries.values()) == {"found"}


def test_report_of_the_demo_says_everything_in_chinese(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    """The screen's own words are in the language that was asked for; the findings' are in that of the run."""
    console = Console(width=100, color_system=None)
    say = Speaker("zh")
    terminal.render(shown.report, say, console)
    assert _score(shown.report, say, Sheet(console)) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith("服务器")
    assert say("screen.ran") in out
    assert [bug.name for bug in EXPECTED if bug.name not in out] == []
    assert Speaker("en")("screen.ran") not in out
