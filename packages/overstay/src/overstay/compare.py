"""The proof of a fix: two reports of the same visits, compared finding by finding, by their rates.

A finding is the same in both when its fingerprint is; fingerprints have no line numbers, so edits around it do not
matter. Runs that were not made alike prove nothing and are refused.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from overstay.errors import InvalidRun
from overstay.findings import Finding, Report, Trend

Status = Literal["fixed", "better", "unchanged", "worse", "new"]

SLOWER = "slower-per-session"

_FIXED_BELOW = 0.1
"""The share of the old rate that counts as fixed, unless what is left is itself a proven leak."""

_DOUBLED = 4
"""How many times the visits grow when a leak is doubled twice to be sure of it, which its fix need not be."""

_ORDER: tuple[Status, ...] = ("new", "worse", "unchanged", "better", "fixed")


@dataclass(frozen=True, slots=True)
class Change:
    """One fingerprint in both runs; rates are holdings per session, None where a finding has none."""

    status: Status
    title: str
    before: Finding | None
    after: Finding | None
    rate_before: float | None
    rate_after: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of every problem, worst first, and of the first reply's slope."""

    changes: tuple[Change, ...]
    slope_before: Trend | None
    slope_after: Trend | None

    @property
    def count(self) -> Mapping[Status, int]:
        """Return how many changes there are of each status."""
        return Counter(change.status for change in self.changes)

    @property
    def exit_status(self) -> int:
        """Return 0 when everything is fixed and nothing is new, else 1."""
        return 0 if all(change.status == "fixed" for change in self.changes) else 1


def compare(before: Report, after: Report) -> Comparison:
    """Return what became of the problems of `before` in `after`, and what is new.

    Raises InvalidRun when the two were not made alike, or when `before` had no problem to fix.
    """
    _require_alike(before, after)
    old, new = _by_fingerprint(before), _by_fingerprint(after)
    if not any(is_problem(finding) for finding in old.values()):
        raise InvalidRun("compare.before-clean", before=_subject(before))
    changes = [_change(finding, new.get(name)) for name, finding in old.items() if is_problem(finding)]
    for name, finding in new.items():
        if is_problem(finding) and not (name in old and is_problem(old[name])):
            changes.append(Change("new", finding.title, old.get(name), finding, None, _rate(finding)))
    changes.sort(key=lambda change: (_ORDER.index(change.status), -(change.rate_after or 0.0), change.title))
    return Comparison(tuple(changes), before.latency.first_reply_ms, after.latency.first_reply_ms)


def is_problem(finding: Finding) -> bool:
    """Tell whether a finding needs a fix that can be proved."""
    return finding.severity != "fine" and (finding.rule == SLOWER or finding.verdict in ("leak", "likely"))


def _subject(report: Report) -> str:
    return report.target.url or " ".join(report.target.command) or "PROJECT"


def _by_fingerprint(report: Report) -> dict[str, Finding]:
    """Return the findings by fingerprint; of two workers' findings the one with the higher rate."""
    findings = sorted(
        (*report.kept, *report.findings), key=lambda finding: (is_problem(finding), _rate(finding) or 0.0)
    )
    return {finding.fingerprint: finding for finding in findings}


def _change(old: Finding, new: Finding | None) -> Change:
    left = new if new is not None and new.severity != "fine" else None
    rate_after = 0.0 if left is None else _rate(left)
    return Change(_status(old, left), (left or old).title, old, new, _rate(old), rate_after)


def _status(old: Finding, left: Finding | None) -> Status:
    if left is None:
        return "fixed"
    if old.rate is None or left.rate is None:
        return "unchanged"
    fell = left.rate.per_session <= _FIXED_BELOW * old.rate.per_session
    if fell and left.verdict != "leak":
        return "fixed"
    if fell or left.rate.high < old.rate.low:
        return "better"
    return "worse" if left.rate.low > old.rate.high else "unchanged"


def _rate(finding: Finding) -> float | None:
    return finding.rate.per_session if finding.rate else None


def _require_alike(before: Report, after: Report) -> None:
    for report in (before, after):
        if report.verdict in ("invalid", "inconclusive"):
            _refuse(report.verdict)
        if not (report.target.inside or report.is_of_project):
            _refuse("outside")
    paths = _path(before), _path(after)
    if paths[0] != paths[1]:
        _refuse("path", before=paths[0], after=paths[1])
    ways = _departures(before), _departures(after)
    if ways[0] != ways[1]:
        _refuse("departures", before=", ".join(ways[0]), after=", ".join(ways[1]))
    few, many = sorted((before.run.visits, after.run.visits))
    if many > 2 * few and many != _DOUBLED * few:
        _refuse("sessions", before=before.run.visits, after=after.run.visits)


def _refuse(why: str, **values: object) -> None:
    raise InvalidRun("compare.not-comparable", why=f"compare.why-{why}", **values)


def _path(report: Report) -> str:
    return urlsplit(report.target.url or "").path or "/"


def _departures(report: Report) -> list[str]:
    missed = {each.departure for each in report.run.not_exercised}
    return sorted(name for name, count in report.run.departures.items() if count and name not in missed)
