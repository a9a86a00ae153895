"""What a pair of reports is worth: found, at its line, at its rate, for its departures, and nothing else said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from leakbench.case import Case

type_of_report = Mapping[str, Any]
LEEWAY = 0.1  # of a rate: what the report's own interval need not cover


@dataclass(frozen=True, slots=True)
class LeakyScore:
    """What the report about the leaky twin is worth; `rate` and `departures` are None where nothing is expected."""

    found: bool
    at_site: bool
    rate: bool | None
    departures: bool | None
    told_rate: float | None
    told_departures: tuple[str, ...]
    rule: str | None
    extras: tuple[str, ...]
    misses: tuple[str, ...]


def score_leaky(case: Case, lines: Sequence[tuple[str, int]], report: type_of_report | None) -> LeakyScore:
    """Compare a report with what the case expects. No report, or an invalid one, found nothing."""
    findings = [] if report is None or report["verdict"] == "invalid" else report["findings"]
    right = [one for one in findings if one["kind"] == case.kind and one["verdict"] in case.verdicts]
    here = [one for one in right if is_at(one["site"], lines)]
    extras = tuple(in_short(one) for one in findings if not is_at(one["site"], lines))
    rate, told_rate = _rate(case, here)
    told_departures = tuple(sorted({departure for one in here for departure in _of(one)}))
    departures = None
    if report and here and case.kind != "latency":
        departures = same_departures(case.departures, frozenset(told_departures), report["run"]["departures"])
    return LeakyScore(
        found=bool(right),
        at_site=bool(here),
        rate=rate,
        departures=departures,
        told_rate=told_rate,
        told_departures=told_departures,
        rule=next((one["rule"] for one in [*here, *right]), None),
        extras=extras,
        misses=() if here else tuple(in_short(one) for one in findings),
    )


def false_alarms(report: type_of_report | None) -> tuple[str, ...]:
    """Return what a report says about a server that has no leak; no report and an invalid one are alarms, too."""
    if report is None:
        return ("no report",)
    if report["verdict"] == "invalid":
        return ("the run was invalid",)
    return tuple(in_short(one) for one in report["findings"])


def same_departures(expected: frozenset[str], told: frozenset[str], made: Iterable[str]) -> bool:
    """Tell whether two sets of departures mean the same; the empty one means all.

    A client that leaves in the middle of its handshake has no session in most servers, so it is not among "all".
    """
    every = frozenset(made) - {"mid-handshake"}
    return (told or every) - {"mid-handshake"} == (expected or every)


def is_at(site: Mapping[str, Any] | None, lines: Sequence[tuple[str, int]]) -> bool:
    """Tell whether a finding's site is one of these lines; paths are compared from their ends."""
    return site is not None and any(site["line"] == line and ends_alike(site["file"], file) for file, line in lines)


def ends_alike(one: str, other: str) -> bool:
    """Tell whether one of two paths is the end of the other."""
    first, second = PurePath(one).parts, PurePath(other).parts
    size = min(len(first), len(second))
    return size > 0 and first[-size:] == second[-size:]


def in_short(finding: Mapping[str, Any]) -> str:
    """Return a finding in one short line."""
    site, rate = finding["site"], finding["rate"]
    where = f"{PurePath(site['file']).name}:{site['line']}" if site else "no site"
    often = f" {rate['per_session']:.2f}" if rate else ""
    return f"{finding['verdict']} {finding['kind']} {where}{often}"


def _rate(case: Case, findings: Sequence[Mapping[str, Any]]) -> tuple[bool | None, float | None]:
    """Add up the findings at the site: one acquisition may show under two fingerprints."""
    rates = [one["rate"] for one in findings if one["rate"]]
    if not rates:
        return (None if case.per_session is None or not findings else False), None
    told, low, high = (float(sum(one[name] for one in rates)) for name in ("per_session", "low", "high"))
    if case.per_session is None:
        return None, told
    return low <= case.per_session <= high or abs(told - case.per_session) <= LEEWAY, told


def _of(finding: Mapping[str, Any]) -> Sequence[str]:
    return finding["rate"]["of"] if finding["rate"] else ()
