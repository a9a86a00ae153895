"""A comparison on the screen: what is fixed, what is left, what is new."""

from rich.cells import cell_len
from rich.console import Console

from overstay.compare import Change, Comparison
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
    labels = [say(f"comparison.{change.status}") for change in comparison.changes]
    slope = say("comparison.latency-label")
    width = max(cell_len(label) for label in (*labels, slope)) + 2
    for label, change in zip(labels, comparison.changes, strict=True):
        sheet.row(label, _text(change, say), width=width, style=_STYLE[change.status])
    if comparison.slope_before and comparison.slope_after:
        slopes = (signed(trend.per_100_sessions) for trend in (comparison.slope_before, comparison.slope_after))
        before, after = slopes
        sheet.row(slope, say("comparison.latency", before=before, after=after), width=width)
    sheet.blank()
    sheet.paragraph(say("comparison.done" if comparison.exit_status == 0 else "comparison.go-on"), style="bold")


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
