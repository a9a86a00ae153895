"""Findings in the order in which a person reads them, and those of one line together."""

from collections.abc import Iterable

from overstay.findings import Finding

_RANK = {"severe": 0, "warning": 1, "fine": 2}
_NOT_A_SUSPECT = 99
_CAUSES = (
    "latency",
    "session",
    "process",
    "thread",
    "job",
    "task",
    "timer",
    "file",
    "socket",
    "descriptor",
    "object",
    "container",
)
"""Of the holdings of one line, the one that keeps the others."""


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by severity, then in the order of the user's checklist, then by rate."""
    return sorted(findings, key=_place)


def _place(finding: Finding) -> tuple[int, int, float, str]:
    rate = finding.rate.per_session if finding.rate else 0.0
    return _RANK[finding.severity], finding.suspect or _NOT_A_SUSPECT, -rate, finding.fingerprint


def by_line(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings in groups of one source line each, worst group first and cause first in it.

    A process comes with its pipes and a task with its socket: one line, one thing to fix.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in worst_first(findings):
        groups.setdefault(_line(finding), []).append(finding)
    return [sorted(group, key=_cause) for group in groups.values()]


def _cause(finding: Finding) -> tuple[int, int]:
    return _RANK[finding.severity], _CAUSES.index(finding.kind) if finding.kind in _CAUSES else len(_CAUSES)


def _line(finding: Finding) -> tuple[object, ...]:
    site = finding.site
    return (site.file, site.line, site.function) if site else (finding.fingerprint,)
