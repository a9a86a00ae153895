"""The command line: words to options, mistakes to one sentence, outcomes to exit statuses."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from overstay.cli import main
from overstay.errors import UsageError
from overstay.findings import Finding, Fix, Latency, Rate, Report, Run, Target
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.options import (
    CompareOptions,
    DemoOptions,
    DoctorOptions,
    HelpOptions,
    RunOptions,
    VersionOptions,
    language_of,
    parse,
)
from overstay.report import document
from overstay.usage import COMMANDS, FLAGS, write_help, write_overview
from overstay.visits.departure import Departure

URL = "ws://127.0.0.1:8000/ws"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the locale English, whatever the machine's is."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_doctor_has_the_documented_defaults() -> None:
    """40 sessions, 4 at once, 10 s to settle, a second look after 60 s, 30 s to start, all nine departures."""
    assert parse(["doctor", "--url", URL]) == DoctorOptions(
        language="en",
        project=Path(),
        url=URL,
        command=(),
        visit=None,
        sessions=40,
        departures=tuple(Departure),
        settle=10.0,
        second_look=60.0,
        json=None,
        headers=(),
        cookies=(),
        subprotocols=(),
        insecure=False,
        concurrency=4,
        start_timeout=30.0,
        pid=None,
        probes_llm=False,
        checks_project=False,
    )
    assert len(Departure) == 9


def test_doctor_takes_every_option(tmp_path: Path) -> None:
    """Each option lands in its field; the server's own options are not ours."""
    words = f"doctor {tmp_path} --url {URL} --visit v.py --sessions 80 --departures reset,mid-reply --settle 2.5"
    words += f" --second-look 0 --json {tmp_path}/r.json --cookie a=1 --cookie b=2 --subprotocol chat --insecure"
    words += " --concurrency 1 --start-timeout 5 --lang zh"
    words += " --pid 4711 --probe-llm"
    options = parse([*words.split(), "--header", "X-Key: a b", "--", "uvicorn", "app:app", "--url", "x", "--", "y"])
    assert options == DoctorOptions(
        language="zh",
        project=tmp_path,
        url=URL,
        command=("uvicorn", "app:app", "--url", "x", "--", "y"),
        visit=Path("v.py"),
        sessions=80,
        departures=(Departure.RESET, Departure.MID_REPLY),
        settle=2.5,
        second_look=0.0,
        json=tmp_path / "r.json",
        headers=(("X-Key", "a b"),),
        cookies=(("a", "1"), ("b", "2")),
        subprotocols=("chat",),
        insecure=True,
        concurrency=1,
        start_timeout=5.0,
        pid=4711,
        probes_llm=True,
        checks_project=True,
    )


def test_the_other_commands_take_theirs(tmp_path: Path) -> None:
    """Demo, run and compare."""
    assert parse(["demo", "--json", f"{tmp_path}/d.json"]) == DemoOptions("en", tmp_path / "d.json")
    assert parse(["run", "--settle", "1", "--", "python", "x.py"]) == RunOptions("en", ("python", "x.py"), settle=1.0)
    assert parse(["compare", "a.json", "b.json"]) == CompareOptions("en", Path("a.json"), Path("b.json"))
    assert parse(["compare", "--", "-a.json", "b.json"]) == CompareOptions("en", Path("-a.json"), Path("b.json"))


@pytest.mark.parametrize(
    "words",
    [
        ["--lang", "zh", "doctor", "--url", URL],
        ["doctor", "--lang=zh", "--url", URL],
        ["doctor", "--url", URL, "--lang", "zh", "--", "x", "--lang", "en"],
    ],
)
def test_the_language_may_stand_anywhere(words: list[str]) -> None:
    """Before or after the command, but the server's own --lang is the server's."""
    assert language_of(words) == "zh"
    assert parse(words).language == "zh"


def test_help_and_version_are_recognised() -> None:
    """Alone, with a command, and by the names that people try."""
    assert parse([]) == HelpOptions("en", asked=False)
    assert parse(["--help"]) == parse(["-h"]) == parse(["help"]) == HelpOptions("en")
    assert parse(["doctor", "--help"]) == parse(["help", "doctor"]) == HelpOptions("en", "doctor")
    assert parse(["doctor", "--sessions", "x", "-h"]) == HelpOptions("en", "doctor")
    assert parse(["run", "--", "x", "--help"]) == RunOptions("en", ("x", "--help"))
    assert parse(["--version"]) == VersionOptions("en")


MISTAKES = [
    (
        ["docter"],
        "There is no command docter; there are demo, doctor, run, compare, scan, explain. Did you mean doctor?",
    ),
    (["--sessions", "3"], "overstay itself has no option --sessions; begin with a command: demo, doctor"),
    (["scan", "nowhere"], "There is no file or folder nowhere; give the path of your project."),
    (["explain"], "overstay explain needs the name of a rule, for example: overstay explain task-without-owner"),
    (["explain", "leaks"], "There is no rule leaks; there are"),
    (["explain", "Task-without-ownr"], "There is no rule Task-without-ownr. Did you mean task-without-owner?"),
    (
        ["scan", __file__.removesuffix("test_cli.py") + "report/golden/en.txt"],
        "give a folder, or a file whose name ends with",
    ),
    (
        ["doctor"],
        "overstay doctor needs something to look at: your project's folder, --url, or a server's command after --",
    ),
    (["doctor", "--session", "3"], "overstay doctor has no option --session. Did you mean --sessions?"),
    (["doctor", "--verbose"], "overstay doctor has no option --verbose. See `overstay doctor --help`."),
    (["doctor", "--url"], "The option --url needs a value: --url URL."),
    (["doctor", "--url", "--insecure"], "The option --url needs a value: --url URL."),
    (["doctor", "--insecure=yes"], "The option --insecure takes no value; write it alone."),
    (["doctor", "--url", URL, "--sessions", "0"], "--sessions 0 is too small; the least is 1."),
    (
        ["doctor", "--url", URL, "--sessions", "2.5"],
        "--sessions needs a number, and 2.5 is none; for example --sessions 40.",
    ),
    (["doctor", "--url", URL, "--settle", "-1"], "--settle -1 is too small; the least is 0."),
    (["doctor", "--url", URL, "--settle", "nan"], "--settle needs a number, and nan is none; for example --settle 10."),
    (["doctor", "--pid", "me"], "--pid needs a number, and me is none; for example --pid 4711."),
    (["doctor", "--pid", "999999999"], "There is no process 999999999; look its number up with `ps`"),
    (["doctor", "--url", URL, "--departures", "rst"], "There is no departure rst; there are close, going-away, reset"),
    (["doctor", "--url", URL, "--departures", ","], "--departures names none; there are close, going-away, reset"),
    (["doctor", "--url", "ftp://x/"], "ftp://x/"),
    (["doctor", "--url", "ws://"], "ws://"),
    (["doctor", "--url", URL, "--header", "X-Key"], "X-Key"),
    (["doctor", "--url", URL, "--cookie", "abc"], "abc"),
    (["doctor", "--url", URL, "--"], "Nothing follows the two dashes; write the server's command there"),
    (["doctor", "/nowhere/at/all"], "There is no folder /nowhere/at/all; give the project's folder, or leave it out."),
    (["doctor", "--url", URL, "--json", "/nowhere/r.json"], "because the folder /nowhere does not exist; make it"),
    (["doctor", "--url", URL, "--json", "/"], "The report / was not written: "),
    (["doctor", "--url", URL, ".", "more"], "overstay doctor does not know what to do with more."),
    (["run"], "overstay run needs the server's command after two dashes, for example: overstay run -- python"),
    (["run", "python", "x.py"], "Put two dashes before the server's command: overstay run -- python x.py"),
    (["compare", "a.json"], "overstay compare needs two reports, the one before the fix and the one after"),
    (["compare", "a", "b", "c"], "overstay compare does not know what to do with c."),
    (["demo", "now"], "overstay demo does not know what to do with now. See `overstay demo --help`."),
    (["demo", "--lang", "fr"], "The language fr is not spoken here; write --lang en or --lang zh."),
    (["demo", "--lang"], "The option --lang needs a value: --lang en|zh."),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_gets_one_sentence_and_status_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the value quoted and the next step, and nothing on standard output."""
    assert main(words) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


@pytest.mark.parametrize("words", [words for words, _ in MISTAKES if "--lang" not in words and words[-1] != "--"])
def test_every_mistake_is_told_in_chinese_too(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The language is known before anything is wrong."""
    assert main(["--lang", "zh", *words]) == 2
    shown = capsys.readouterr().err
    assert any("\u4e00" <= character <= "\u9fff" for character in shown)
    assert "{" not in shown


def test_nothing_at_all_shows_the_overview_and_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A script that forgot its words must not pass."""
    assert main([]) == 2
    shown = capsys.readouterr()
    assert "overstay COMMAND" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_goes_to_standard_output(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for is not wrong."""
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("usage: overstay")
    assert shown.err == ""


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, name and number."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "overstay 0.1.0\n"


def helped(command: str | None, language: Language) -> str:
    """Return a help page at 80 columns."""
    screen = io.StringIO()
    console = Console(file=screen, width=80, color_system=None)
    if command is None:
        write_overview(Speaker(language), console)
    else:
        write_help(command, Speaker(language), console)
    return screen.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_fits_80_columns(command: str | None, language: Language) -> None:
    """Chinese takes two cells a character and is folded accordingly."""
    assert all(cell_len(line) <= 80 for line in helped(command, language).splitlines())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_default(command: str, language: Language) -> None:
    """No option is hidden."""
    page = " ".join(helped(command, language).split())
    for flag in FLAGS[command]:
        assert f"{flag.name} {flag.metavar or ''}".strip() in page
        assert flag.default is None or flag.default in page
    assert command != "doctor" or all(departure in page for departure in Departure)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_in_the_help_are_understood(command: str) -> None:
    """What the help tells the user to type is right."""
    page = helped(command, "en").splitlines()
    examples = page[page.index("Examples") + 1 :]
    for example in examples[: examples.index("")]:
        assert parse(example.split()[1:]).language == "en"


def a_report(*findings: Finding) -> Report:
    """Return a small report."""
    return Report(
        "leak" if findings else "clean",
        Target(("x",), URL, "3.11.7", ()),
        Run(40, 40, {"close": 40}, (), 1.0, {}),
        Latency(),
        findings,
    )


LEAK = Finding("f", "task-outlives-session", "task", "leak", "severe", "x", Rate(1, 0.9, 1, 40, 40), None, Fix("y"))


def test_compare_tells_a_proved_fix_from_a_leak_that_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 all fixed, 1 something left, 3 not comparable, 2 unreadable."""
    leaky, clean, broken = tmp_path / "leaky.json", tmp_path / "clean.json", tmp_path / "broken.json"
    document.write(a_report(LEAK), leaky)
    document.write(a_report(), clean)
    broken.write_text(json.dumps({"schema": "overstay/1"}), encoding="utf-8")
    assert main(["compare", str(leaky), str(clean)]) == 0
    assert main(["compare", str(leaky), str(leaky)]) == 1
    assert main(["compare", str(clean), str(leaky)]) == 3
    assert "has nothing to fix" in capsys.readouterr().err
    assert main(["compare", str(leaky), str(broken)]) == 2
    assert "verdict is missing or not as it should be" in capsys.readouterr().err
    assert main(["compare", str(leaky), str(tmp_path / "missing.json")]) == 2


def test_doctor_is_called_and_its_error_becomes_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """The command does not exist: one sentence that names it, the status of its error, no traceback."""
    assert main(["doctor", "--url", "ws://127.0.0.1:9/", "--", "no-such-command-anywhere"]) == 2
    assert "No command no-such-command-anywhere was found" in capsys.readouterr().err


def overstay(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "import sys; from overstay.cli import main; sys.exit(main())", *words],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.slow
def test_a_terminal_without_chinese_letters_is_no_reason_to_fail() -> None:
    """What cannot be encoded is shown as question marks, with the right exit status."""
    done = overstay("--help", "--lang", "zh", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"overstay doctor" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise there")
def test_a_reader_that_goes_away_is_no_traceback() -> None:
    """`overstay --help | head -1` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-u", "-c", "import sys; from overstay.cli import main; sys.exit(main(['--help']))"]
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_unknown_departure_names_the_known_ones() -> None:
    """The error carries the whole list, in the order of the documentation."""
    with pytest.raises(UsageError) as caught:
        parse(["doctor", "--url", URL, "--departures", "close,rst"])
    assert caught.value.values == {"value": "rst", "known": ", ".join(Departure)}


def test_a_mistake_of_ours_is_not_taken_for_findings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1 would say that the server has something to fix."""
    monkeypatch.setattr("overstay.cli.compare", lambda *_: {}["nothing"])
    monkeypatch.setattr("overstay.report.document.read", lambda _: None)
    assert main(["compare", "before.json", "after.json"]) == 3
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "overstay itself failed (KeyError: 'nothing')" in told
