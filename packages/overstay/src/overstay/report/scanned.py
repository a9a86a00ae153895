"""What a scan found, as one readable screen."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from overstay.findings import Finding
from overstay.messages import Speaker
from overstay.report.block import where, write_block
from overstay.report.grouping import by_line
from overstay.report.sheet import Sheet
from overstay.scan.findings import file_of
from overstay.scan.scanner import ScanResult

_MOST_SKIPPED = 10


def render(result: ScanResult, say: Speaker, console: Console, *, hints: bool = False) -> None:
    """Write the findings, what was read, and what was not; with `hints`, what alone is no finding, too."""
    sheet = Sheet(console)
    problems = by_line(finding for finding in result.findings if finding.severity != "fine")
    if problems:
        sheet.paragraph(say("scan.heading"), style="bold")
    for number, group in enumerate(problems, 1):
        write_block(number, group, say, sheet, explain=False)
        sheet.blank()
    if hints:
        _write_hints(result.hints, say, sheet)
    _write_remarks(result, say, sheet)
    _write_switched_off(result, say, sheet)
    read = say("scan.read", files=result.files, lines=result.lines, seconds=f"{result.seconds:.1f}")
    sheet.paragraph(read)
    if problems:
        sheet.paragraph(say("scan.problems", n=len(problems)), style="bold red")
    else:
        is_read = result.files > 0
        sheet.paragraph(say("scan.nothing" if is_read else "scan.empty"), style="bold green" if is_read else "bold")


def _write_switched_off(result: ScanResult, say: Speaker, sheet: Sheet) -> None:
    """Write how many findings are in code that the configuration does not run, and what says so."""
    reasons = Counter(finding.affects_you.why for finding in result.findings if finding.affects_you.answer == "no")
    for why, count in reasons.items():
        sheet.paragraph(say("scan.switched-off", n=count, why=why))


def _write_hints(hints: Sequence[Finding], say: Speaker, sheet: Sheet) -> None:
    """Write a line for each place that only a running server can make a finding of."""
    sheet.paragraph(say("scan.hints" if hints else "scan.no-hints"), style="bold")
    for group in by_line(hints):
        for hint in group:
            sheet.paragraph(say("scan.hint", finding=where(hint, say), rule=hint.rule), first="- ")
    sheet.blank()


def _write_remarks(result: ScanResult, say: Speaker, sheet: Sheet) -> None:
    colon = say("list.colon")
    for remark in result.remarks:
        place = f"{file_of(remark.path, result.root)}:{remark.line}"
        sheet.paragraph(say(f"scan.{remark.why}", rule=remark.rule), first=f"{place}{colon}")
    for each in result.skipped[:_MOST_SKIPPED]:
        file = file_of(each.path, result.root)
        sheet.paragraph(say(f"skipped.{each.why}", **each.facts), first=f"{say('scan.skipped')}{colon}{file}{colon}")
    rest = Counter(each.why for each in result.skipped[_MOST_SKIPPED:]).total()
    if rest:
        sheet.paragraph(say("scan.more-skipped", n=rest))
    if result.remarks or result.skipped:
        sheet.blank()
