"""The scan: files to units, units to matches, matches to findings. Nothing of the project is run."""

import contextlib
import gc
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from overstay.findings import Finding
from overstay.messages import Speaker
from overstay.scan.findings import finding_of
from overstay.scan.ignore import Remark, ignores, sifted
from overstay.scan.languages import LANGUAGES, Language, every_rule
from overstay.scan.rule import Match, Rule
from overstay.scan.sources import Skipped, sources

Found = tuple[Rule[object], Match]


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found and what it read; hints show only beside a finding of a running server at the same site."""

    root: Path
    findings: tuple[Finding, ...]
    hints: tuple[Finding, ...]
    remarks: tuple[Remark, ...]
    skipped: tuple[Skipped, ...]
    files: int
    lines: int
    seconds: float

    @property
    def exit_status(self) -> int:
        """Return 0 where nothing is to fix, 1 for findings."""
        return 1 if any(finding.severity != "fine" for finding in self.findings) else 0


def scan(root: Path, *, say: Speaker, paths: Collection[Path] = ()) -> ScanResult:
    """Return what the rules find below `root`; in `paths` alone where some are given."""
    began = time.perf_counter()
    root = root.resolve()
    found: list[Found] = []
    read: list[Path] = []
    skipped: list[Skipped] = []
    lines = 0
    with _without_collecting():
        for language in LANGUAGES:
            files, unread, count, matches = _scanned(language, root, [path.resolve() for path in paths])
            read += files
            skipped += unread
            lines += count
            found += matches
    kept, remarks = sifted(found, [each for path in read for each in ignores(path)], list(every_rule()))
    findings = [(rule.is_hint, finding_of(rule, match, root, say)) for rule, match in kept]
    return ScanResult(
        root=root,
        findings=tuple(finding for is_hint, finding in findings if not is_hint),
        hints=tuple(finding for is_hint, finding in findings if is_hint),
        remarks=tuple(remarks),
        skipped=tuple(skipped),
        files=len(read),
        lines=lines,
        seconds=time.perf_counter() - began,
    )


def matches_of(root: Path, paths: Collection[Path] = ()) -> list[Found]:
    """Return every match of every rule, comments that ignore them unread."""
    return [found for language in LANGUAGES for found in _scanned(language, root, paths)[3]]


def _scanned(
    language: Language, root: Path, paths: Collection[Path]
) -> tuple[list[Path], list[Skipped], int, list[Found]]:
    there = sources(root, language.suffixes, paths)
    mine = [path for path in there.files if path.name.endswith(language.suffixes)]
    units, unread, lines = language.read(mine, root)
    failed = {each.path for each in unread}
    matches = [(rule, match) for unit in units for rule in language.rules for match in rule.check(unit)]
    return [path for path in mine if path not in failed], [*there.skipped, *unread], lines, _once(matches)


def _once(found: Sequence[Found]) -> list[Found]:
    """Return the matches in the order of their places, one of each rule for a place."""
    places = {(rule.id, match.path, match.line, match.column): (rule, match) for rule, match in found}
    return sorted(places.values(), key=lambda pair: (str(pair[1].path), pair[1].line, pair[1].column))


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep the collector from walking the trees again and again while they are made: it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
