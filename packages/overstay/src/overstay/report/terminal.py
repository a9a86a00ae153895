"""A report as one readable screen: is the server slower, what stayed, what ran, what to do next."""

from rich.console import Console

from overstay.findings import Finding, Report
from overstay.messages import Speaker
from overstay.report.block import where, write_block
from overstay.report.checklist import write_checklist
from overstay.report.grouping import by_line, worst_first
from overstay.report.ran import write_ran
from overstay.report.sheet import Sheet
from overstay.report.speed import write_speed

_STYLE = {"leak": "bold red", "slower": "bold yellow", "clean": "bold green"}


def render(report: Report, say: Speaker, console: Console) -> None:
    """Write the report on `console`; reads well at 80 columns and without colour."""
    sheet = Sheet(console)
    # What a check found wrong is told where the checklist has it.
    problems = by_line(each for each in report.findings if each.severity != "fine" and each.kind != "project")
    if report.is_of_project:
        _write_project(report, problems, say, sheet)
        return
    write_speed(report, say, sheet)
    sheet.blank()
    _write_findings(report, problems, say, sheet)
    _write_harmless([finding for finding in (*report.findings, *report.kept) if finding.severity == "fine"], say, sheet)
    if report.checks:
        write_checklist(report, say, sheet)
    write_ran(report, say, sheet)
    sheet.blank()
    sheet.paragraph(_outcome(report, len(problems), say), style=_STYLE.get(report.verdict, "bold"))
    if on_project := sum(result.is_problem for result in report.checks):
        sheet.paragraph(say("check.outcome.also", count=on_project), style="bold")


def _write_project(report: Report, problems: list[list[Finding]], say: Speaker, sheet: Sheet) -> None:
    """Write what a project without a server has: the outcome first where all is well, else last."""
    count = len(problems) + sum(result.is_problem for result in report.checks)
    if not count:
        slug = "check.outcome.fine" if report.verdict == "clean" else "check.outcome.nothing"
        sheet.paragraph(say(slug), style=_STYLE.get(report.verdict, "bold"))
        sheet.blank()
    write_checklist(report, say, sheet)
    if problems:
        _write_findings(report, problems, say, sheet)
    for note in report.run.notes:
        sheet.paragraph(note)
    if count:
        sheet.paragraph(say("check.outcome.problems", count=count), style=_STYLE["leak"])


def _write_findings(report: Report, problems: list[list[Finding]], say: Speaker, sheet: Sheet) -> None:
    if not problems:
        sheet.paragraph(say("screen.nothing" if report.verdict == "clean" else "screen.nothing-seen"))
        sheet.blank()
        return
    sheet.paragraph(say("screen.findings-read" if report.is_of_project else "screen.findings"), style="bold")
    explained: set[str] = set()
    for number, group in enumerate(problems, 1):
        verdict = group[0].verdict
        write_block(number, group, say, sheet, explain=verdict not in explained)
        explained.add(verdict)
        sheet.blank()


def _write_harmless(findings: list[Finding], say: Speaker, sheet: Sheet) -> None:
    """Write the findings that need no fix, one line each."""
    if not findings:
        return
    sheet.paragraph(say("screen.harmless"), style="bold")
    for finding in worst_first(findings):
        name = say(f"verdict.{finding.verdict}.name")
        sheet.line(f"- {name}{say('list.colon')}{_harmless(finding, say)}")
    sheet.blank()


def _harmless(finding: Finding, say: Speaker) -> str:
    count, means = f"kinds.{finding.kind}", f"screen.harmless-{finding.verdict}"
    if not (finding.rate and finding.site and say.knows(count) and say.knows(means)):
        return where(finding, say)
    return say("screen.harmless-is", count=say(count, n=finding.rate.left), site=finding.site, means=say(means))


def _outcome(report: Report, problems: int, say: Speaker) -> str:
    says = say(f"outcome.{report.verdict}.says", problems=problems)
    return says + say("list.stop") + say(_next_step(report, say), sessions=max(2 * report.run.sessions, 1))


def _next_step(report: Report, say: Speaker) -> str:
    reasons = {
        "outside": not report.target.inside,
        "busy": report.latency.disturbance is not None,
        "interrupted": say("run.interrupted") in report.run.notes,
        "cut-short": say("run.cut-short") in report.run.notes,
        "unvisited": report.target.url is None,
    }
    if report.verdict == "inconclusive" and any(reasons.values()):
        return f"outcome.inconclusive.next-{next(reason for reason, holds in reasons.items() if holds)}"
    return f"outcome.{report.verdict}.next"
