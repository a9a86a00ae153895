"""The first lines of a report: does the server get slower, and by how much."""

from rich.cells import cell_len

from overstay.findings import Report, Trend
from overstay.messages import Speaker
from overstay.report.figures import figure, signed
from overstay.report.sheet import Sheet

RULE = "slower-per-session"


def write_speed(report: Report, say: Speaker, sheet: Sheet) -> None:
    """Write whether the server gets slower, then the latencies that say so."""
    trends = _trends(report)
    slower = any(finding.rule == RULE and finding.severity != "fine" for finding in report.findings)
    sheet.paragraph(_headline(report, trends, say, slower=slower), style="bold yellow" if slower else "bold")
    rows = [_row(name, trend, say) for name, trend in trends.items()]
    if rows:
        header = ["", say("screen.first-fifth"), say("screen.last-fifth"), say("screen.per-100")]
        _write_table([header, *rows], sheet)
    lag = report.latency.loop_lag_ms
    if lag:
        worst = {name: figure(lag.get(name, 0.0)) for name in ("p50", "p99", "max")}
        sheet.row(f"{say('screen.loop-lag')}  ", say("screen.loop-lag-is", **worst), width=_label_width(say))


def _trends(report: Report) -> dict[str, Trend]:
    both = {"connect": report.latency.connect_ms, "first-reply": report.latency.first_reply_ms}
    return {name: trend for name, trend in both.items() if trend is not None}


def _headline(report: Report, trends: dict[str, Trend], say: Speaker, *, slower: bool) -> str:
    if report.latency.disturbance is not None:
        return say("screen.slower-disturbed")
    if not slower:
        return say("screen.slower-no", sessions=report.run.sessions) if trends else say("screen.slower-unknown")
    rising = [name for name in trends if trends[name].low > 0]
    if not rising:
        return say("screen.slower-yes")
    worst = max(rising, key=lambda name: trends[name].last_fifth / max(trends[name].first_fifth, 1e-9))
    first, last = figure(trends[worst].first_fifth), figure(trends[worst].last_fifth)
    return say("screen.slower-yes-by", what=say(f"screen.{worst}"), first=first, last=last)


def _row(name: str, trend: Trend, say: Speaker) -> list[str]:
    low, high = signed(trend.low), signed(trend.high)
    change = say("screen.change", per_100=signed(trend.per_100_sessions), low=low, high=high)
    fifths = (say("screen.ms", n=figure(fifth)) for fifth in (trend.first_fifth, trend.last_fifth))
    return [say(f"screen.{name}"), *fifths, change]


def _write_table(rows: list[list[str]], sheet: Sheet) -> None:
    columns = list(zip(*rows, strict=True))
    widths = [max(cell_len(text) for text in column) + 2 for column in columns[:-1]]
    for row in rows:
        sheet.cells(row, widths)


def _label_width(say: Speaker) -> int:
    return max(cell_len(say(f"screen.{name}")) for name in ("connect", "first-reply", "loop-lag")) + 2
