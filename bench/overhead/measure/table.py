"""The table that a person reads."""

from measure.figures import Interval
from measure.lane import OPERATIONS
from measure.result import Bar, Result, Row

WIDTHS = (12, 22, 22, 22, 20)


def table(result: Result) -> str:
    """Return the figures of one event loop, the failures, and the bars with met or missed."""
    lines = [f"{result.loop}: {result.rounds} rounds, {result.starts} starts; server CPU as a ratio to none [95 %]"]
    lines.append(
        _cells("", *(operation.title for operation in OPERATIONS), "all of the round", "idle ms/s (8 clients)")
    )
    lines += [_line(row) for row in result.rows]
    lines += [f"{name}: failed, so left out: {reason}" for name, reason in result.failures.items()]
    lines += _remarks(result)
    lines += [_verdict(bar, judged=result.judged) for bar in result.bars]
    if not result.judged:
        lines.append(f"smoke run: {result.rounds} rounds are too few to say met or missed")
    return "\n".join(lines)


def _line(row: Row) -> str:
    figures = [_shown(row.ratio[operation.name]) for operation in OPERATIONS]
    if row.variant == "none":
        figures = [f"{row.cpu_us[operation.name]:.0f} us" for operation in OPERATIONS]
    idle = f"{row.idle_ms_per_s['visit']:.1f} ({row.idle_ms_per_s['turn']:.1f})"
    return _cells(row.variant, *figures, _shown(row.whole_ratio), idle)


def _remarks(result: Result) -> list[str]:
    remarks = [
        f"the tool beside the {row.variant} server used {row.tool_share:.1%} of a core, not counted above"
        for row in result.rows
        if row.tool_share
    ]
    null = next((row for row in result.rows if row.variant == "null"), None)
    for operation in OPERATIONS if null and result.judged else ():
        noise = null.ratio[operation.name] if null else None
        if noise and not noise.low <= 1 <= noise.high:
            remarks.append(
                f"{operation.title}: null differs from none, {_shown(noise)}; smaller differences mean nothing"
            )
    return remarks


def _verdict(bar: Bar, *, judged: bool) -> str:
    if bar.figure is None:
        return f"{'missed' if judged else '-':7} {bar.what}: not measured (bar {bar.limit:.2f})"
    word = ("met" if bar.met else "missed") if judged else "-"
    return f"{word:7} {bar.what}: {_shown(bar.figure)}, upper end {bar.figure.high:.2f} (bar {bar.limit:.2f})"


def _shown(interval: Interval) -> str:
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _cells(*texts: str) -> str:
    return " ".join(text.ljust(width) for text, width in zip(texts, WIDTHS, strict=True)).rstrip()
