"""From readings to figures and verdicts: plain data that the table and the JSON file show alike."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median

from measure.campaign import Campaign
from measure.figures import Interval, median_ratio, share_of_added
from measure.lane import OPERATIONS
from measure.rounds import Readings

Round = dict[str, Readings]

ENOUGH_ROUNDS = 30
RATIO_BAR = 1.10
SHARE_BAR = 0.25


@dataclass(frozen=True)
class Row:
    """The figures of one variant: CPU of an operation as a ratio to `none`, and what else it used."""

    variant: str
    ratio: dict[str, Interval]
    driven_ratio: dict[str, Interval]
    whole_ratio: Interval
    cpu_us: dict[str, float]
    idle_ms_per_s: dict[str, float]
    tool_share: float


@dataclass(frozen=True)
class Bar:
    """One figure that must stay below a limit with the upper end of its interval; no interval where it has none."""

    what: str
    limit: float
    figure: Interval | None

    @property
    def met(self) -> bool:
        """Whether the whole interval is inside the bar."""
        return self.figure is not None and self.figure.high <= self.limit


@dataclass(frozen=True)
class Result:
    """What one campaign shows."""

    loop: str
    rounds: int
    starts: int
    rows: list[Row]
    bars: list[Bar]
    share_of_memray: Interval | None
    failures: dict[str, str]
    readings: list[list[dict[str, Readings]]] = field(repr=False)

    @property
    def judged(self) -> bool:
        """Whether there are enough rounds to say met or missed."""
        return self.rounds >= ENOUGH_ROUNDS

    @property
    def met(self) -> bool:
        """Whether every bar is met and every variant was measured."""
        return not self.failures and all(bar.met for bar in self.bars)


def result_of(campaign: Campaign) -> Result:
    """Return the figures of a campaign."""
    names = list(dict.fromkeys(name for rounds in campaign.starts for each in rounds for name in each))
    measured = [name for name in names if name not in campaign.failures]
    rows = [_row(campaign, name) for name in measured] if "none" in measured else []
    ratio = {row.variant: row.ratio for row in rows}
    share = _share(campaign) if {"overstay", "memray"} <= ratio.keys() else None
    bars = [
        Bar(f"overstay, {operation.title}: ratio", RATIO_BAR, ratio.get("overstay", {}).get(operation.name))
        for operation in OPERATIONS
    ]
    bars.append(Bar("overstay, chat turn: share of the CPU that memray adds", SHARE_BAR, share))
    return Result(
        campaign.loop, campaign.rounds, len(campaign.starts), rows, bars, share, campaign.failures, campaign.starts
    )


def as_json(result: Result) -> dict[str, object]:
    """Return the result as JSON can hold it: an end that nothing bounds is null."""
    whole = asdict(result) | {"judged": result.judged, "met": result.met if result.judged else None}
    whole["bars"] = [asdict(bar) | {"met": bar.met if result.judged else None} for bar in result.bars]
    return {key: _finite(value) for key, value in whole.items()}


def _row(campaign: Campaign, name: str) -> Row:
    def ratio(read: Callable[[Readings, str], float], operation: str) -> Interval:
        def to_none(readings: Round) -> float:
            return read(readings[name], operation) / read(readings["none"], operation)

        return median_ratio(campaign.each_round(to_none))

    def middle(read: Callable[[Readings, str], float], operation: str) -> float:
        return median(value for start in campaign.each_round(lambda r: read(r[name], operation)) for value in start)

    names = [operation.name for operation in OPERATIONS]
    return Row(
        name,
        ratio={operation: ratio(Readings.cpu_us, operation) for operation in names},
        driven_ratio={operation: ratio(Readings.driven_us, operation) for operation in names},
        whole_ratio=median_ratio(campaign.each_round(lambda readings: _whole_ratio(readings, name))),
        cpu_us={operation: middle(Readings.cpu_us, operation) for operation in names},
        idle_ms_per_s={operation: middle(Readings.idle_ms_per_s, operation) for operation in names},
        tool_share=campaign.tool_cpu_s.get(name, 0.0) / campaign.tool_wall_s,
    )


def _whole_ratio(readings: Round, name: str) -> float:
    """Return all that the process used in the round against what `none` needs for the operations that it served."""
    served = readings[name].slices.items()
    needed_us = sum(done.count * readings["none"].cpu_us(operation) for operation, done in served)
    return readings[name].whole_ns / 1000 / needed_us


def _share(campaign: Campaign) -> Interval:
    def turn_ratios(name: str) -> list[list[float]]:
        return campaign.each_round(lambda readings: readings[name].cpu_us("turn") / readings["none"].cpu_us("turn"))

    return share_of_added(turn_ratios("overstay"), turn_ratios("memray"))


def _finite(value: object) -> object:
    """Return the value with every infinity as None, which is what JSON has for it."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
