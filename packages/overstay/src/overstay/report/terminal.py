"""A report as one readable screen: is the server slower, what stayed, what ran, what to do next."""

from rich.cells import cell_len
from rich.console import Console

from overstay.findings import Finding, Report
from overstay.messages import Speaker
from overstay.report.block import where, write_block
from overstay.report.figures import figure
from overstay.report.grouping import by_line, worst_first
from overstay.report.sheet import Sheet
from overstay.report.speed import write_speed

_STYLE = {"leak": "bold red", "slower": "bold yellow", "clean": "bold green"}


def render(report: Report, say: Speaker, console: Console) -> None:
    """Write the report on `console`; reads well at 80 columns and without colour."""
    sheet = Sheet(console)
    problems = by_line(finding for finding in report.findings if finding.severity != "fine")
    write_speed(report, say, sheet)
    sheet.blank()
    _write_findings(report, problems, say, sheet)
    _write_harmless([finding for finding in (*report.findings, *report.kept) if finding.severity == "fine"], say, sheet)
    _write_run(report, say, sheet)
    sheet.blank()
    sheet.paragraph(_outcome(report, len(problems), say), style=_STYLE.get(report.verdict, "bold"))


def _write_findings(report: Report, problems: list[list[Finding]], say: Speaker, sheet: Sheet) -> None:
    if not problems:
        sheet.paragraph(say("screen.nothing" if report.verdict == "clean" else "screen.nothing-seen"))
        sheet.blank()
        return
    sheet.paragraph(say("screen.findings"), style="bold")
    for number, group in enumerate(problems, 1):
        write_block(number, group, say, sheet)
        sheet.blank()


def _write_harmless(findings: list[Finding], say: Speaker, sheet: Sheet) -> None:
    """Write the findings that need no fix, each verdict explained once."""
    if not findings:
        return
    sheet.paragraph(say("screen.harmless"), style="bold")
    explained = set()
    for finding in worst_first(findings):
        name = say(f"verdict.{finding.verdict}.name")
        text = where(finding, say)
        if finding.verdict not in explained:
            means = say(f"verdict.{finding.verdict}.means").rstrip(".。")
            text = say("screen.harmless-is", where=text, means=means)
        explained.add(finding.verdict)
        sheet.paragraph(text, first=f"- {name}{say('list.colon')}")
    sheet.blank()


def _write_run(report: Report, say: Speaker, sheet: Sheet) -> None:
    rows = [(say(f"screen.{label}"), text) for label, text in _run_rows(report, say)]
    width = max(cell_len(label) for label, _ in rows) + 2
    sheet.paragraph(say("screen.ran"), style="bold")
    for label, text in rows:
        sheet.row(label, text, width=width)


def _run_rows(report: Report, say: Speaker) -> list[tuple[str, str]]:
    run, own = report.run, report.self_cost
    comma = say("list.comma")
    seconds = figure(run.duration_s)
    rows = [
        ("target", _target(report, say)),
        ("visits", say("screen.visits-are", visits=run.visits, sessions=run.sessions, seconds=seconds)),
        ("departures", comma.join(f"{name} {count}" for name, count in run.departures.items() if count)),
    ]
    for missed in run.not_exercised:
        why = say(missed.why) if say.knows(missed.why) else missed.why
        rows.append(("not-exercised", say("screen.not-exercised-is", departure=missed.departure, why=why)))
    if len(run.sessions_per_worker) > 1:
        rows.append(("workers", comma.join(f"{worker}: {n}" for worker, n in run.sessions_per_worker.items())))
    rows.append(("canaries", _canaries(report, say)))
    cost = {"cpu": figure(100 * own.cpu_share), "rss": figure(own.rss_mb), "pause": figure(own.census_pause_ms)}
    if report.target.inside:
        rows.append(("self", say("screen.self-is", **cost)))
    return rows + [("note", note) for note in run.notes]


def _target(report: Report, say: Speaker) -> str:
    target = report.target
    parts = [*target.servers, f"Python {target.python}" if target.python else "", target.url or ""]
    if not target.inside:
        parts.append(say("screen.outside"))
    return say("list.comma").join(part for part in parts if part) or " ".join(target.command)


def _canaries(report: Report, say: Speaker) -> str:
    canaries = report.run.canaries
    if not canaries:
        return say("screen.canaries-none")
    found = [kind for kind, state in canaries.items() if state == "found"]
    missed = [kind for kind in canaries if kind not in found]
    texts = []
    if found:
        texts.append(say("screen.canaries-found", n=len(found), total=len(canaries), kinds=_kinds(found, say)))
    if missed:
        texts.append(say("screen.canaries-missed", kinds=_kinds(missed, say)))
    return say("list.semicolon").join(texts)


def _kinds(kinds: list[str], say: Speaker) -> str:
    return say("list.comma").join(say(f"kind.{kind}") if say.knows(f"kind.{kind}") else kind for kind in kinds)


def _outcome(report: Report, problems: int, say: Speaker) -> str:
    verdict = report.verdict
    says = say(f"outcome.{verdict}.says", problems=problems)
    outside = verdict == "inconclusive" and not report.target.inside
    slug = "outcome.inconclusive.next-outside" if outside else f"outcome.{verdict}.next"
    return says + say("list.stop") + say(slug, sessions=max(2 * report.run.sessions, 1))
