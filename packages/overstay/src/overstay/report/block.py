"""One finding on the screen: what stayed, where it was made, how often, what holds it, how to end it."""

from overstay.findings import Finding, Rate
from overstay.messages import Speaker
from overstay.report.excerpt import without_comment
from overstay.report.figures import figure
from overstay.report.sheet import Sheet

_STYLE = {"severe": "bold red", "warning": "bold yellow", "fine": ""}
_AT = {"session-never-ends": "screen.waits-at", "slower-per-session": "screen.slow-at"}


def write_block(number: int, group: list[Finding], say: Speaker, sheet: Sheet, *, explain: bool = True) -> None:
    """Write the findings of one line: the worst in full, the others by their titles.

    `explain` adds what a verdict other than "leak" means; once is enough for all findings that have it.
    """
    worst, *others = group
    first = f"{number}. "
    indent = len(first)
    colon = say("list.colon")
    sheet.paragraph(f"{_label(group, say)}{colon}{where(worst, say)}", first=first, style=_STYLE[worst.severity])
    if worst.site and worst.site.code:
        sheet.code(without_comment(worst.site.code), indent=indent + 4)
    if facts := _facts(worst, say):
        sheet.paragraph(facts, indent=indent)
    for label, text in _details(worst, say, explain=explain):
        sheet.paragraph(text, indent=indent, first=f"{label}{colon}")
    _write_trace(worst, say, sheet, indent)
    for other in others:
        sheet.paragraph(_also(other, say), indent=indent, first=f"{say('screen.also-here')}{colon}")
    sheet.paragraph(worst.fix.summary, indent=indent, first=f"{say('screen.fix')}{colon}", style="green")
    for line in (worst.fix.diff or "").splitlines():
        sheet.verbatim(" " * (indent + 4) + line)


def _write_trace(finding: Finding, say: Speaker, sheet: Sheet, indent: int) -> None:
    """Write the trace, root first, a line for each reference; the owner is underlined."""
    if not finding.trace:
        return
    root, *references = finding.trace
    label = f"{say('screen.held-by')}{say('list.colon')}"
    sheet.paragraph(root.reference, indent=indent, first=label)
    for step in references:
        sheet.line(" " * (indent + 4) + "-> " + step.reference, style="bold underline" if step.owner else "")


def where(finding: Finding, say: Speaker) -> str:
    """Return the finding's title with the line that made it; beside the line the function needs no class."""
    site = finding.site
    if site is None:
        return finding.title
    function = site.function.rpartition(".")[2]
    if finding.kind == "project":
        return say("check.at", title=finding.title, site=site)
    if site.library:
        return say("screen.made-by-library", title=finding.title, library=site.library, site=site, function=function)
    return say(_AT.get(finding.rule, "screen.made-at"), title=finding.title, site=site, function=function)


def _label(group: list[Finding], say: Speaker) -> str:
    worst = group[0]
    parts = [say(f"severity.{worst.severity}")]
    if worst.verdict != "leak":
        parts.append(say(f"verdict.{worst.verdict}.name"))
    suspects = sorted({finding.suspect for finding in group if finding.suspect is not None})
    return say("list.comma").join((*parts, *(say("screen.suspect", n=suspect) for suspect in suspects)))


def _facts(finding: Finding, say: Speaker) -> str:
    """Return how often and the evidence, in one line as long as they are short."""
    often = [rate(finding.rate, say)] if finding.rate else []
    return say("list.semicolon").join([*often, *finding.evidence])


def _details(finding: Finding, say: Speaker, *, explain: bool) -> list[tuple[str, str]]:
    details = []
    if explain and finding.verdict != "leak":
        is_read = finding.rate is None and say.knows(f"rule.{finding.rule}.title")
        parts = ("read",) if is_read else ("means", "next")
        explained = (say(f"verdict.{finding.verdict}.{part}") for part in parts)
        details.append((say(f"verdict.{finding.verdict}.name"), say("list.stop").join(explained)))
    if finding.affects_you.answer != "yes" and finding.affects_you.why:
        why = say(f"screen.affects-{finding.affects_you.answer}", why=finding.affects_you.why)
        details.append((say("screen.affects-you"), why))
    return details


def rate(how_often: Rate, say: Speaker) -> str:
    """Return the counts of a rate and its interval."""
    low, high = figure(how_often.low), figure(how_often.high)
    return say("screen.rate", left=how_often.left, sessions=how_often.sessions, low=low, high=high)


def _also(finding: Finding, say: Speaker) -> str:
    if finding.rate is None:
        return finding.title
    return say("screen.also-rate", title=finding.title, left=finding.rate.left, sessions=finding.rate.sessions)
