"""Verdicts: met, missed, and what is said when there is nothing to judge."""

import json
from collections.abc import Mapping

import pytest
from measure.campaign import Campaign
from measure.lane import OPERATIONS, Slice
from measure.result import as_json, result_of
from measure.rounds import Readings
from measure.table import table

NONE_US = 300.0


def _readings(ratio: float) -> Readings:
    """Return a round in which each operation took `ratio` times as much as without an instrument."""
    ns = round(NONE_US * ratio * 1000)
    slices = {each.name: Slice(1, driven_ns=ns, driven_s=0.1, whole_ns=ns, whole_s=1.0) for each in OPERATIONS}
    return Readings(slices, whole_ns=2 * ns)


def _campaign(ratios: Mapping[str, float], *, starts: int = 10, failures: Mapping[str, str] | None = None) -> Campaign:
    rounds = [{name: _readings(ratio) for name, ratio in ratios.items()} for _ in range(3)]
    return Campaign("asyncio", [rounds] * starts, dict(failures or {}), tool_wall_s=1.0)


def test_figures_inside_all_bars_are_met() -> None:
    """1.05 beside memray's 1.50 meets every bar."""
    result = result_of(_campaign({"none": 1.0, "overstay": 1.05, "memray": 1.5}))
    assert result.met
    assert table(result).count("\nmet ") == 3


@pytest.mark.parametrize(("overstay", "missed"), [(1.11, 2), (1.2, 3)])
def test_figure_outside_a_bar_is_missed_and_said_so(overstay: float, missed: int) -> None:
    """Every bar is judged by itself: 1.11 is beyond 1.10, yet less than a quarter of what 1.50 adds."""
    result = result_of(_campaign({"none": 1.0, "overstay": overstay, "memray": 1.5}))
    assert not result.met
    assert table(result).count("\nmissed ") == missed


def test_failed_variant_is_named_and_its_bars_are_missed() -> None:
    """A variant that died keeps its rounds out of the table and its reason in it."""
    ratios = {"none": 1.0, "overstay": 1.05, "memray": 1.5}
    result = result_of(_campaign(ratios, failures={"overstay": "ended with status 1: no"}))
    text = table(result)
    assert not result.met
    assert "overstay: failed, so left out: ended with status 1: no" in text
    assert text.count("not measured") == 3


def test_failed_comparator_spoils_the_run_even_when_the_bars_are_met() -> None:
    """A table with a hole is not a pass."""
    result = result_of(_campaign({"none": 1.0, "overstay": 1.05, "memray": 1.5}, failures={"debug": "gone"}))
    assert all(bar.met for bar in result.bars)
    assert not result.met


def test_too_few_rounds_are_not_judged() -> None:
    """A smoke run says neither met nor missed."""
    result = result_of(_campaign({"none": 1.0, "overstay": 1.05, "memray": 1.5}, starts=1))
    text = table(result)
    assert not result.judged
    assert "\nmet" not in text
    assert "\nmissed" not in text
    assert "too few" in text


def test_nothing_is_shown_when_the_reference_failed() -> None:
    """Without `none` there are no ratios, only the reason."""
    result = result_of(_campaign({"none": 1.0, "overstay": 1.05}, failures={"none": "gone"}))
    assert result.rows == []
    assert "none: failed" in table(result)


def test_json_has_no_infinity() -> None:
    """A share that nothing bounds is null, which every JSON reader knows."""
    result = result_of(_campaign({"none": 1.0, "overstay": 1.05, "memray": 1.0}))
    written = json.dumps(as_json(result), allow_nan=False)
    assert json.loads(written)["share_of_memray"] == {"value": None, "low": None, "high": None}


def test_what_a_server_puts_off_is_counted_and_what_it_uses_anyway_is_not() -> None:
    """100 ms driven, 20 ms in the second after it, of which 5 ms are its idle use: 115 ms."""
    done = Slice(1, driven_ns=100_000_000, driven_s=1.0, whole_ns=120_000_000, whole_s=2.0, idle_ns_per_s=5_000_000)
    assert done.cpu_us() == 115_000
