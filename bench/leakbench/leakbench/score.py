"""What a pair of reports is worth: found, at its line, at its rate, for its departures, and nothing else said."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import PurePath
from typing import Any

from leakbench.case import Case, TraceRule

type_of_report = Mapping[str, Any]
LEEWAY = 0.1  # of a rate: what the report's own interval need not cover
INDEX = re.compile(r"""\[(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\[\]])*\]""")


@dataclass(frozen=True, slots=True)
class LeakyScore:
    """What the report about the leaky twin is worth; parts are None where nothing is expected."""

    found: bool
    at_site: bool
    rate: bool | None
    departures: bool | None
    trace: bool | None
    told_rate: float | None
    told_departures: tuple[str, ...]
    told_trace: str | None
    rule: str | None
    extras: tuple[str, ...]
    misses: tuple[str, ...]
    fingerprints: tuple[str, ...] = ()


def score_leaky(case: Case, lines: Sequence[tuple[str, int]], report: type_of_report | None) -> LeakyScore:
    """Compare a report with what the case expects. No report, or an invalid one, found nothing."""
    findings = [] if report is None or report["verdict"] == "invalid" else report["findings"]
    if report is not None and "cycle-pressure" in case.verdicts:
        findings = [*findings, *report["kept"]]  # it is harmless, and told as such
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
        trace=any(trace_is_right(case.trace, one) for one in here) if case.trace and here else None,
        told_rate=told_rate,
        told_departures=told_departures,
        told_trace=next((told for one in here if (told := trace_in_short(one))), None),
        rule=next((one["rule"] for one in [*here, *right]), None),
        extras=extras,
        misses=() if here else tuple(in_short(one) for one in findings),
        fingerprints=tuple(sorted({one["fingerprint"] for one in here})),
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


def trace_is_right(expected: TraceRule, finding: Mapping[str, Any]) -> bool:
    """Tell whether a finding's trace begins, is owned and ends as expected; a part that nobody expects is right.

    A report may tell `.hub.clients[3]` as one reference or as two: an expected shape is compared with the end of the
    way that leads from the root to the reference, not with that reference alone.
    """
    told = finding.get("trace") or ()
    if not told:
        return False
    root, *below = (normal(one["reference"]) for one in told)
    ways = list(accumulate(below))
    owners = [way for way, one in zip(ways, told[1:], strict=True) if one.get("owner")]
    growing = finding["kind"] == "container"
    return (
        (not expected.root or root in map(normal, expected.root))
        and (not expected.owner or any(_ends_in(way, shape, growing) for way in owners for shape in expected.owner))
        and (not expected.last or (bool(ways) and any(_ends_in(ways[-1], shape, growing) for shape in expected.last)))
    )


def normal(reference: str) -> str:
    """Return a reference without its keys and indices: `.clients["ab12"]` becomes `.clients[*]`."""
    return INDEX.sub("[*]", reference.strip())


def trace_in_short(finding: Mapping[str, Any]) -> str | None:
    """Return a finding's trace in one line, the owner in brackets."""
    told = finding.get("trace") or ()
    return "/".join(f"<{one['reference']}>" if one.get("owner") else one["reference"] for one in told) or None


def _ends_in(way: str, shape: str, growing: bool) -> bool:
    # The trace to a container that grows ends at the container or at its elements: both name the same thing.
    shape = normal(shape)
    return way.endswith(shape) or (growing and f"{way}[*]".endswith(shape)) or (growing and way.endswith(f"{shape}[*]"))


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
    by_message = case.per_message is not None
    expected = case.per_message if by_message else case.per_session
    if not rates:
        return (None if expected is None or not findings else False), None
    names = ("per_message",) * 3 if by_message else ("per_session", "low", "high")
    told, low, high = (float(sum(one[name] or 0.0 for one in rates)) for name in names)
    if expected is None:
        return None, told
    return low <= expected <= high or abs(told - expected) <= LEEWAY, told


def _of(finding: Mapping[str, Any]) -> Sequence[str]:
    return finding["rate"]["of"] if finding["rate"] else ()
