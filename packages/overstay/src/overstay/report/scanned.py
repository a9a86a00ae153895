"""What a scan found, as one readable screen."""

from collections import Counter

from rich.console import Console

from overstay.messages import Speaker
from overstay.report.block import write_block
from overstay.report.grouping import by_line
from overstay.report.sheet import Sheet
from overstay.scan.findings import file_of
from overstay.scan.scanner import ScanResult

_MOST_SKIPPED = 10


def render(result: ScanResult, say: Speaker, console: Console) -> None:
    """Write the findings, what was read, and what was not."""
    sheet = Sheet(console)
    problems = by_line(finding for finding in result.findings if finding.severity != "fine")
    if problems:
        sheet.paragraph(say("scan.heading"), style="bold")
    for number, group in enumerate(problems, 1):
        write_block(number, group, say, sheet, explain=False)
        sheet.blank()
    _write_remarks(result, say, sheet)
    read = say("scan.read", files=result.files, lines=result.lines, seconds=f"{result.seconds:.1f}")
    sheet.paragraph(read)
    outcome = say("scan.problems", n=len(problems)) if problems else say("scan.nothing")
    sheet.paragraph(outcome, style="bold red" if problems else "bold green")


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
