"""What the source says and what the running server showed, as one finding where they are about the same place.

A hint is said only here: beside a finding of the server that makes it more than a guess.
"""

from collections.abc import Iterable
from dataclasses import replace

from overstay.findings import Finding
from overstay.messages import Speaker

_RELATED = (
    frozenset(("task", "session", "object", "container")),
    frozenset(("container", "object")),
    frozenset(("socket", "descriptor", "object")),
    frozenset(("file", "descriptor")),
    frozenset(("thread", "job")),
    frozenset(("timer", "object")),
)
"""Kinds that one line can leave together, or of which one shows the other."""


def joined(
    seen: Iterable[Finding], read: Iterable[Finding], hints: Iterable[Finding], say: Speaker
) -> tuple[Finding, ...]:
    """Return the server's findings with what the source says of the same places, then what only the source says."""
    left, asides = list(read), list(hints)
    both: list[Finding] = []
    for finding in seen:
        beside = _beside(finding, left)
        asked = beside or _beside(finding, asides)
        both.append(_with(finding, asked, say))
        left = [each for each in left if each not in beside]
    return (*both, *left)


def _beside(finding: Finding, read: list[Finding]) -> list[Finding]:
    """Return what is about the same line; else the only one about the same function and a related kind."""
    site = finding.site
    if site is None:
        return []
    in_file = [each for each in read if each.site is not None and each.site.file == site.file]
    on_line = [each for each in in_file if each.site is not None and each.site.line == site.line]
    if on_line:
        return on_line
    near = [
        each
        for each in in_file
        if each.site is not None and each.site.function == site.function and _are_related(each.kind, finding.kind)
    ]
    return near if len(near) == 1 else []


def _are_related(one: str, other: str) -> bool:
    return one == other or any({one, other} <= kinds for kinds in _RELATED)


def _with(finding: Finding, read: list[Finding], say: Speaker) -> Finding:
    if not read:
        return finding
    said = tuple(say("scan.source-says", title=each.title, rule=each.rule) for each in read)
    further = tuple(line for each in read for line in each.evidence[1:])
    diff = next((each.fix.diff for each in read if each.fix.diff), None)
    return replace(
        finding,
        evidence=(*finding.evidence, *said, *further),
        suspect=finding.suspect or next((each.suspect for each in read if each.suspect), None),
        fix=replace(finding.fix, diff=finding.fix.diff or diff),
    )
