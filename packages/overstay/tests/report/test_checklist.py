"""The checklist on the screen, made of results and findings by hand."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from overstay.checks.checkup import of_project, with_checks
from overstay.findings import Fix, Report, Result, Site
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.report.terminal import render

Builder = Callable[[Language], Report]
SITE = Site("src/engine.py", 41, "Engine.speak", "path.write_bytes(sound)  # noqa: S101")
CACHE = Result(
    check="cache",
    item="suspect-4",
    status="severe",
    title="cache/ has 2000 files",
    about="cache",
    details=("+5 files since the last run",),
    evidence=("written at \x1b[31msrc/engine.py:41",),
    fix=Fix("Delete them.", "- keep\n+ drop"),
    site=SITE,
    suspect=4,
)
PROXY = Result("configuration", "suspect-1", "does-not-apply", "you do not use proxy mode", "proxy", suspect=1)
OWN = Result("mine", "mine", "fine", "[bold]own check[/bold]", "mine")


def rendered(report: Report, language: Language = "en", width: int = 80) -> str:
    """Return the report as a plain terminal shows it."""
    screen = io.StringIO()
    render(report, Speaker(language), Console(file=screen, width=width, color_system=None))
    return screen.getvalue()


def test_a_problem_has_its_place_figures_evidence_and_fix() -> None:
    """In this order, and without the comment of the line; control characters are spelled out."""
    text = rendered(of_project((PROXY, CACHE, OWN), 1.0))
    begin = text.index("  severe       4 sound files in the cache (step 2, check 2): cache/ has 2000\n")
    assert text[begin:].splitlines()[1:8] == [
        "               files; see src/engine.py:41",
        "                 path.write_bytes(sound)",
        "               - +5 files since the last run",
        "               - written at \\x1b[31msrc/engine.py:41",
        "               fix: Delete them.",
        "                 - keep",
        "                 + drop",
    ]
    assert text.endswith("1 finding to fix. Begin at the top, and run the same command again.\n")


def test_what_is_well_is_said_first_and_shown_all_the_same() -> None:
    """Without a problem the first line is good news; markup of a check is only text."""
    text = rendered(of_project((PROXY, OWN), 1.0))
    assert text.startswith("All is well: nothing to fix in what was looked at.\n")
    assert "[bold]own check[/bold]" in text


def test_what_could_not_be_checked_is_not_called_well() -> None:
    """Good news needs something that was seen."""
    unseen = Result("logs", "suspect-7", "not-checked", "no log was found", "logs", suspect=7)
    assert rendered(of_project((unseen,), 1.0)).startswith("Nothing could be checked; what to add stands below.\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_server_seen_from_outside_the_ledger_is_named(make_report: Builder, language: Language) -> None:
    """Its address has been given, so what is missing is the start under overstay; of a project it is the address."""
    say = Speaker(language)
    inside = make_report(language)
    outside = replace(inside, target=replace(inside.target, inside=False), findings=())
    text = "".join(rendered(with_checks(outside, (PROXY,)), language).split())
    assert "".join(say("check.needs-server", how=say("check.add-ledger")).split()) in text
    assert "".join(say("check.add-url").split()) not in text
    text = "".join(rendered(of_project((PROXY,), 1.0), language).split())
    assert "".join(say("check.needs-server", how=say("check.add-url")).split()) in text


def test_findings_of_a_server_stand_beside_their_suspects_too(make_report: Builder) -> None:
    """What the visits found about a suspect is its answer; what the checks found comes below and in the last line."""
    report = with_checks(make_report("en"), (PROXY, CACHE))
    assert report.verdict == "leak"
    text = rendered(report)
    checklist = text[text.index("\nSuspects\n") :]
    suspects = " ".join(checklist[: checklist.index("Monitoring")].split())
    assert (
        "severe 1 proxy mode and its tasks (step 1, check 1): every client that leaves mid-reply leaves 1" in suspects
    )
    assert "fine 6 engines shared by all sessions: looked at on the running server, 40 visits" in suspects
    assert suspects.count("3 tool servers (MCP) left over") == 1
    assert "In the project and around the server: 1 finding more, in the checklist above." in " ".join(text.split())
    assert " ".join(text.split()).count("cache/ has 2000 files") == 1


def test_a_clean_server_of_a_project_with_problems_ends_with_1(make_report: Builder) -> None:
    """The verdict is that of the visits; the status counts both."""
    clean = replace(make_report("en"), verdict="clean", findings=(), kept=())
    assert with_checks(clean, (PROXY,)).exit_status == 0
    assert with_checks(clean, (CACHE,)).exit_status == 1
    assert with_checks(clean, (CACHE,)).verdict == "clean"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_is_wider_than_the_screen(language: Language, width: int) -> None:
    """Narrow ones, too."""
    lines = rendered(of_project((PROXY, CACHE, OWN), 1.0), language, width).splitlines()
    assert [line for line in lines if cell_len(line) > width] == []
