"""A comparison on the screen: what is fixed, what is left, what is new."""

from rich.cells import cell_len
from rich.console import Console

from overstay.compare import SLOWER, Change, Comparison
from overstay.messages import Speaker
from overstay.report.block import where
from overstay.report.figures import figure, signed
from overstay.report.sheet import Sheet

_STYLE = {"fixed": "green", "better": "yellow", "unchanged": "red", "worse": "bold red", "new": "bold red"}


def render(comparison: Comparison, say: Speaker, console: Console) -> None:
    """Write the comparison on `console`: the count, each change with its rates, and the next step."""
    sheet = Sheet(console)
    count = comparison.count
    known = len(comparison.changes) - count["new"]
    sheet.paragraph(say("comparison.headline", fixed=count["fixed"], total=known, new=count["new"]), style="bold")
    rows = [
        (say(f"comparison.{change.status}"), _text(change, say), _STYLE[change.status]) for change in comparison.changes
    ]
    rows += [(say("comparison.latency-label"), text, "") for text in _slopes(comparison, say)]
    width = max(cell_len(label) for label, _, _ in rows) + 2
    for label, text, style in rows:
        sheet.row(label, text, width=width, style=style)
    sheet.blank()
    sheet.paragraph(say("comparison.done" if comparison.exit_status == 0 else "comparison.go-on"), style="bold")


def _slopes(comparison: Comparison, say: Speaker) -> list[str]:
    """Return the slopes of the first reply where slowness was found; elsewhere they are noise."""
    findings = [change.after or change.before for change in comparison.changes]
    before, after = comparison.slope_before, comparison.slope_after
    if not (before and after and any(finding and finding.rule == SLOWER for finding in findings)):
        return []
    return [say("comparison.latency", before=signed(before.per_100_sessions), after=signed(after.per_100_sessions))]


def _text(change: Change, say: Speaker) -> str:
    finding = change.after if change.after and change.status != "fixed" else change.before
    what = where(finding, say) if finding else change.title
    rates = _rates(change, say)
    return f"{what}{say('list.semicolon')}{rates}" if rates else what


def _rates(change: Change, say: Speaker) -> str:
    if change.rate_before is None:
        return say("comparison.appeared", after=figure(change.rate_after)) if change.rate_after else ""
    before = figure(change.rate_before)
    if not change.rate_after:
        return say("comparison.gone", before=before)
    return say("comparison.rates", before=before, after=figure(change.rate_after))
