"""The terminal report, as text: both languages at 80 columns without colour."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from overstay.findings import Disturbance, Latency, Report, Target
from overstay.messages import LANGUAGES, Language, Speaker, sentences
from overstay.report.terminal import render
from overstay.report.wrapping import folded

GOLDEN = Path(__file__).parent / "golden"
Builder = Callable[[Language], Report]


def rendered(report: Report, language: Language, width: int = 80) -> str:
    """Return the report as a plain terminal shows it."""
    screen = io.StringIO()
    render(report, Speaker(language), Console(file=screen, width=width, color_system=None))
    return screen.getvalue()


def flat(text: str) -> str:
    """Return text with its line breaks undone."""
    return " ".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_report_reads_as_the_golden_text(make_report: Builder, language: Language) -> None:
    """The screen is the one that was looked at and found good; look again before you change the file."""
    assert rendered(make_report(language), language) == (GOLDEN / f"{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_wider_than_the_screen(make_report: Builder, language: Language, width: int) -> None:
    """Nothing wraps by itself: lines are folded by cells, and only the latency table needs 80 of them."""
    table = {"ms", "毫秒", "95 %"}
    for line in rendered(make_report(language), language, width).splitlines():
        assert cell_len(line) <= width or (width < 80 and any(word in line for word in table)), line


def test_the_first_line_says_whether_the_server_gets_slower(make_report: Builder) -> None:
    """The user's question is answered first."""
    assert rendered(make_report("en"), "en").startswith("The server gets slower: first reply 8.13 ms -> 42 ms.\n")


def test_a_server_that_keeps_its_speed_is_said_to_keep_it(make_report: Builder) -> None:
    """Without a finding of slowness the first line says that there is none, over how many sessions."""
    report = make_report("en")
    steady = replace(report, findings=tuple(each for each in report.findings if each.kind != "latency"))
    assert rendered(steady, "en").startswith("The server does not get slower: measured over 40 sessions.\n")


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be said: the machine was busy"), ("zh", "机器太忙")])
def test_a_busy_machine_is_said_to_prove_nothing(make_report: Builder, language: Language, words: str) -> None:
    """Neither slower nor not: the first line says why, the last one what to do."""
    report = make_report(language)
    latency = replace(report.latency, disturbance=Disturbance(0.1, 0.9))
    text = rendered(replace(report, verdict="inconclusive", latency=latency, findings=()), language)
    assert words in text.partition("\n")[0]
    assert flat(Speaker(language)("outcome.inconclusive.next-busy")) in flat(text)


def test_an_unmeasured_latency_is_said_to_be_unmeasured(make_report: Builder) -> None:
    """No figure is not a good figure."""
    assert rendered(replace(make_report("en"), latency=Latency(), findings=()), "en").startswith(
        "Whether the server gets slower was not measured.\n"
    )


def test_findings_follow_severity_then_the_checklist_then_the_rate(make_report: Builder) -> None:
    """A severe finding without a number comes after all that have one, and before every warning."""
    text = rendered(make_report("en"), "en")
    places = [
        text.index(words) for words in ("suspect 1", "suspect 3", "suspect 5", "warning, likely", "Seen and harmless")
    ]
    assert places == sorted(places)


def test_holdings_of_one_line_are_one_finding(make_report: Builder) -> None:
    """A process and its pipes are one thing to fix, told by the process."""
    text = flat(rendered(make_report("en"), "en"))
    assert "2. severe, suspect 3: every client leaves 1 process; made at mcp_client.py:30 in connect" in text
    assert "also here: every client leaves 2 open descriptors (80/40)" in text
    assert "5 findings to fix" in text


def test_a_verdict_is_explained_once(make_report: Builder) -> None:
    """The first likely finding says what likely means, the second only that it is."""
    text = flat(rendered(make_report("en"), "en"))
    assert text.count("warning, likely:") == 2
    assert text.count("a leak doubles, a limit does not") == 1


def test_how_often_and_the_evidence_are_one_paragraph(make_report: Builder) -> None:
    """Counts, interval, doubling and where it waits are read together."""
    text = flat(rendered(make_report("en"), "en"))
    assert "10 in 10 sessions, 0.72-1 each; 3 -> 5 -> 10 after doubling; waits at line 48 in _forward_message" in text


def test_a_comment_is_no_part_of_the_line_that_is_shown(make_report: Builder) -> None:
    """A lint marker at the end of the line says nothing about the holding."""
    assert "await create_subprocess_exec(\n" in rendered(make_report("en"), "en")


def test_a_counter_that_does_not_grow_with_the_sessions_has_no_rate(make_report: Builder) -> None:
    """What is flat, or grows with the clock, is told by its first and last value alone."""
    text = flat(rendered(make_report("en"), "en"))
    assert (
        "descriptors 92 -> 212 (+3 per session), threads 19 -> 23, children 0 -> 40 (+1), memory 37.8 -> 48.4 MB"
        in text
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 80])
def test_what_is_harmless_takes_one_line_each(make_report: Builder, language: Language, width: int) -> None:
    """A line that is too long is cut: the report has the rest."""
    report = make_report(language)
    speaker = Speaker(language)
    lines = rendered(report, language, width).splitlines()
    begin = lines.index(speaker("screen.harmless"))
    assert [line[:2] for line in lines[begin + 1 : begin + 4]] == ["- ", "- ", ""]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_advice_takes_more_than_two_lines(make_report: Builder, language: Language) -> None:
    """Every rule's fix fits two lines at 80 columns; a screen of findings has no room for essays."""
    label = Speaker(language)("screen.fix") + Speaker(language)("list.colon")
    width = 80 - len("1. ") - cell_len(label)
    fixes = {slug: text for slug, text in sentences(language).items() if re.fullmatch(r"finding\..*\.fix(-.*)?", slug)}
    assert len(fixes) == 15
    long = {slug: len(folded(text, width)) for slug, text in fixes.items() if len(folded(text, width)) > 2}
    assert long == {}


def test_text_of_the_server_is_never_markup_nor_a_control_sequence(make_report: Builder) -> None:
    """A source line cannot colour, clear or forge the report."""
    screen = io.StringIO()
    render(
        make_report("en"), Speaker("en"), Console(file=screen, width=80, force_terminal=True, color_system="standard")
    )
    assert "[bold]not markup[/bold] \\x1b[31mnot red\\x1b[0m" in screen.getvalue()


def test_a_clean_report_says_so_and_what_to_do(make_report: Builder) -> None:
    """The all-is-well state is as plain as a finding."""
    clean = replace(make_report("en"), verdict="clean", findings=(), kept=())
    text = flat(rendered(clean, "en"))
    assert "Nothing outlived its session." in text
    assert text.endswith("it ends with status 1 once something stays.")


def test_an_inconclusive_report_says_what_to_run_next(make_report: Builder) -> None:
    """Unsure is said as unsure, with the number of sessions that would help."""
    interrupted = replace(make_report("en"), verdict="inconclusive", findings=())
    assert "Run it again and let it finish." in flat(rendered(interrupted, "en"))
    unsure = replace(interrupted, run=replace(interrupted.run, notes=()))
    assert "Run it again with --sessions 80." in flat(rendered(unsure, "en"))
    outside = replace(unsure, target=Target((), "ws://127.0.0.1:1/", None, (), inside=False))
    assert "the notes above say how to let the probe in." in flat(rendered(outside, "en"))
    assert "outside view only" in flat(rendered(outside, "en"))
    cut_short = unsure.with_note(Speaker("en")("run.cut-short"))
    assert "Put right what ended the visits, and run it again." in flat(rendered(cut_short, "en"))


def test_an_invalid_report_proves_nothing(make_report: Builder) -> None:
    """Neither good nor bad: an invalid run is never green."""
    text = flat(rendered(replace(make_report("en"), verdict="invalid"), "en"))
    assert "Verdict: invalid, this run proves nothing, neither good nor bad." in text
