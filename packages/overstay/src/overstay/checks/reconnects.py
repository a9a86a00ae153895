"""Reconnect loops in logs: how far apart the attempts are, and whether the pauses grow.

A client without any pause, or with the same short one for ever, keeps a server busy that is in trouble already. Only
the first pauses of a series are judged: behind a cap they are equal, as they should be.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from overstay.checks.log_files import Line, Log, sign

Spacing = Literal["none", "fixed", "exponential", "unknown"]

_SCHEDULED = sign(
    "reconnect",
    "retry",
    "重连",
    "重新连接",
    "重试",
    pattern=r"(?:schedul\w*\s+(?:a\s+)?reconnect|reconnect\w*|retry\w*\s+connect\w*)[^\n]{0,40}?\bin\s+"
    r"(?P<en>[\d.]+)\s*(?P<unit>ms|s\b|sec)"
    r"|(?P<zh>[\d.]+)\s*(?P<unit_zh>ms|毫秒|秒|s)\s*后\s*(?:重新连接|重连|重试)",
)
_ATTEMPT = sign(
    "reconnect",
    "ws connecting",
    "尝试",
    "正在重",
    "开始重连",
    pattern=r"reconnecting|reconnect(?:ion)? attempt|(?:attempting|trying) to reconnect|\bWS connecting|"
    r"尝试(?:恢复|重连|重新连接)|正在重(?:连|新连接)|开始重连",
)
_FAILED = sign(
    "websocket",
    "ws",
    pattern=r"WebSocket connection[^\n]{0,200}?failed|WebSocket error|websocket[^\n]{0,30}(?:refused|disconnected)|"
    r"WebSocket\s*连接\s*(?:错误|失败|断开)|ws\s*连接(?:错误|失败)",
)
_CONNECTED = sign(
    "connected",
    "socket",
    "ws",
    "连接",
    "重连成功",
    pattern=r"\b(?:WS|WebSocket|socket)\b\W{0,3}(?:is )?(?:re)?(?:connected|opened|open\b|connection established)|"
    r"\breconnected\b|连接(?:成功|已建立|已恢复)|重连成功",
)
_FEWEST = 4
_JUDGED = 5
_GROWS = 1.2
_STORM = 0.2
SLOW = 10.0
"""Seconds between attempts that disturb nobody, however regular they are."""
_ENDS_AFTER = 600.0
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Loop:
    """One series of attempts without a connection between them; `pause` is the median in seconds."""

    spacing: Spacing
    attempts: int
    pause: float | None
    line: Line

    @property
    def is_harmless(self) -> bool:
        """Tell whether its pauses grow, or are long enough."""
        return self.spacing == "exponential" or (self.spacing == "fixed" and (self.pause or 0.0) >= SLOW)


def loops(log: Log) -> list[Loop]:
    """Return the series of a log that are long enough to be judged."""
    return [_judged(series) for series in _series(log) if len(series) > _FEWEST]


def _series(log: Log) -> Iterator[list[Line]]:
    """Yield the attempts between two connections; one attempt is logged in several lines, of which one kind counts."""
    kinds = [list(log.lines(_SCHEDULED)), *(_commonest(log.lines(kind)) for kind in (_ATTEMPT, _FAILED))]
    attempts = next((lines for lines in kinds if len(lines) > _FEWEST), [])
    connected = [line.position for line in log.lines(_CONNECTED)]
    series: list[Line] = []
    for line in attempts:
        if series and (
            _is_between(connected, series[-1].position, line.position) or _gap(series[-1], line) > _ENDS_AFTER
        ):
            yield series
            series = []
        series.append(line)
    yield series


def _commonest(lines: Iterable[Line]) -> list[Line]:
    """Return the lines with the phrase that most of them have."""
    by_phrase: dict[str, list[Line]] = {}
    for line in lines:
        by_phrase.setdefault(line.match[0].lower(), []).append(line)
    return max(by_phrase.values(), key=len, default=[])


def _is_between(positions: list[int], low: int, high: int) -> bool:
    return bisect_right(positions, low) < bisect_right(positions, high)


def _judged(series: list[Line]) -> Loop:
    pauses = _delays(series) or _gaps(series)
    if len(pauses) < _FEWEST:
        return Loop("unknown", len(series), None, series[0])
    first = pauses[:_JUDGED]
    pause = median(first)
    if pause < _STORM:
        return Loop("none", len(series), pause, series[0])
    grows = median(after / before for before, after in pairwise(first) if before) >= _GROWS
    return Loop("exponential" if grows else "fixed", len(series), pause, series[0])


def _delays(series: list[Line]) -> list[float]:
    """Return the pauses that the lines announce, in seconds."""
    return [delay for delay in map(_delay, series) if delay is not None]


def _delay(line: Line) -> float | None:
    told = line.match.groupdict()
    figure, unit = told.get("en") or told.get("zh"), told.get("unit") or told.get("unit_zh")
    if figure is None or unit is None:
        return None
    try:
        return float(figure) / (1000 if unit.lower() in ("ms", "毫秒") else 1)
    except ValueError:
        return None


def _gaps(series: list[Line]) -> list[float]:
    """Return the pauses between the lines' times; none when a line has no time."""
    if any(line.at is None for line in series):
        return []
    return [_gap(before, after) for before, after in pairwise(series)]


def _gap(before: Line, after: Line) -> float:
    if before.at is None or after.at is None:
        return 0.0
    gap = after.at - before.at
    return gap if gap >= 0 else gap + _DAY  # a clock without a date, at midnight
