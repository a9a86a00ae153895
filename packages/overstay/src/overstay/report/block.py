"""One finding on the screen: what stayed, where it was made, how often, what holds it, how to end it."""

from overstay.findings import Finding, Rate
from overstay.messages import Speaker
from overstay.report.figures import figure
from overstay.report.sheet import Sheet

_STYLE = {"severe": "bold red", "warning": "bold yellow", "fine": ""}
_AT = {"session-never-ends": "screen.waits-at", "slower-per-session": "screen.slow-at"}


def write_block(number: int, group: list[Finding], say: Speaker, sheet: Sheet) -> None:
    """Write the findings of one line: the worst in full, the others by their titles."""
    worst, *others = group
    first = f"{number}. "
    colon = say("list.colon")
    headline = f"{_label(group, say)}{colon}{where(worst, say)}"
    sheet.paragraph(headline, first=first, style=_STYLE[worst.severity])
    indent = len(first)
    if worst.site and worst.site.code:
        sheet.code(worst.site.code, indent=indent + 4)
    for label, text in _details(worst, say):
        sheet.paragraph(text, indent=indent, first=f"{label}{colon}")
    for evidence in worst.evidence:
        sheet.paragraph(evidence, indent=indent, first="- ")
    for other in others:
        sheet.paragraph(_also(other, say), indent=indent, first=f"{say('screen.also-here')}{colon}")
    sheet.paragraph(worst.fix.summary, indent=indent, first=f"{say('screen.fix')}{colon}", style="green")
    for line in (worst.fix.diff or "").splitlines():
        sheet.paragraph(line, indent=indent + 4)


def where(finding: Finding, say: Speaker) -> str:
    """Return the finding's title with the line that made it."""
    site = finding.site
    if site is None:
        return finding.title
    if site.library:
        return say(
            "screen.made-by-library", title=finding.title, library=site.library, site=site, function=site.function
        )
    slug = _AT.get(finding.rule, "screen.made-at")
    return say(slug, title=finding.title, site=site, function=site.function)


def _label(group: list[Finding], say: Speaker) -> str:
    severity = say(f"severity.{group[0].severity}")
    suspects = sorted({finding.suspect for finding in group if finding.suspect is not None})
    return say("list.comma").join((severity, *(say("screen.suspect", n=suspect) for suspect in suspects)))


def _details(finding: Finding, say: Speaker) -> list[tuple[str, str]]:
    details = []
    if finding.rate:
        details.append((say("screen.how-often"), rate(finding.rate, say)))
    if finding.verdict != "leak":
        explained = (say(f"verdict.{finding.verdict}.{part}") for part in ("means", "next"))
        details.append((say(f"verdict.{finding.verdict}.name"), say("list.stop").join(explained)))
    if finding.trace:
        details.append((say("screen.held-by"), " -> ".join(step.reference for step in finding.trace)))
    if finding.affects_you.answer != "yes":
        why = say(f"screen.affects-{finding.affects_you.answer}", why=finding.affects_you.why)
        details.append((say("screen.affects-you"), why))
    return details


def rate(how_often: Rate, say: Speaker) -> str:
    """Return a rate with its counts and its interval."""
    low, high = figure(how_often.low), figure(how_often.high)
    return say(
        "screen.rate",
        left=how_often.left,
        sessions=how_often.sessions,
        per_session=figure(how_often.per_session),
        low=low,
        high=high,
    )


def _also(finding: Finding, say: Speaker) -> str:
    if finding.rate is None:
        return finding.title
    return say("screen.also-rate", title=finding.title, left=finding.rate.left, sessions=finding.rate.sessions)
