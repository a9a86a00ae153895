"""The scan: files to units, units to matches, matches to findings. Nothing of the project is run."""

import contextlib
import gc
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overstay.errors import UsageError
from overstay.findings import Finding, RunVerdict, Scan, Unread
from overstay.messages import Speaker
from overstay.scan.findings import file_of, finding_of
from overstay.scan.ignore import Remark, ignores, sifted
from overstay.scan.languages import LANGUAGES, Language, every_rule
from overstay.scan.mending import Mended, Mending
from overstay.scan.rule import Found, Match, Rule
from overstay.scan.sources import Skipped, sources


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
    mended: tuple[Mended, ...] = ()

    @property
    def verdict(self) -> RunVerdict:
        """Return what the source comes to; where none was read, nothing is known."""
        if any(finding.severity != "fine" for finding in self.findings):
            return "leak"
        return "clean" if self.files else "inconclusive"

    def summary(self, say: Speaker) -> Scan:
        """Return what was read and what was not, as a report has it."""
        skipped = (
            Unread(file_of(each.path, self.root), say(f"skipped.{each.why}", **each.facts)) for each in self.skipped
        )
        return Scan(self.files, self.lines, round(self.seconds, 3), tuple(skipped))


def scan(root: Path, *, say: Speaker, paths: Collection[Path] = (), mends: bool = False) -> ScanResult:
    """Return what the rules find below `root`; in `paths` alone where some are given.

    `mends` makes the mechanical fixes, too: a diff for each finding that has one, and the text of each file with all
    that are safe. No file is written.
    """
    began = time.perf_counter()
    root = root.resolve()
    rules = every_rule()
    with _without_collecting():
        scanned = [_scanned(language, root, [path.resolve() for path in paths]) for language in LANGUAGES]
        read = [path for each in scanned for path in each.read]
        found = [pair for each in scanned for pair in each.found]
        kept, remarks = sifted(found, [each for path in read for each in ignores(path)], list(rules))
        mending = Mending([each for part in scanned for each in part.units], rules, root) if mends else None
        findings = [
            (rule.is_hint or match.is_hint, finding_of(rule, match, root, say, mending)) for rule, match in kept
        ]
    return ScanResult(
        root=root,
        findings=tuple(finding for is_hint, finding in findings if not is_hint),
        hints=tuple(finding for is_hint, finding in findings if is_hint),
        remarks=tuple(remarks),
        skipped=_said_once(skipped for each in scanned for skipped in each.skipped),
        files=len(read),
        lines=sum(each.lines for each in scanned),
        seconds=time.perf_counter() - began,
        mended=mending.safely(kept) if mending else (),
    )


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What one language gave."""

    units: Sequence[Any]
    read: Sequence[Path]
    skipped: Sequence[Skipped]
    lines: int
    found: Sequence[Found]


def _scanned(language: Language, root: Path, paths: Collection[Path]) -> _Scanned:
    there = sources(root, language.suffixes, paths)
    mine = [path for path in there.files if path.name.endswith(language.suffixes)]
    units, unread, lines = language.read(mine, root)
    failed = {each.path for each in unread}
    skipped = [*there.skipped, *unread]
    found = [
        (rule, match) for unit in units for rule in language.rules for match in _checked(rule, unit, root, skipped)
    ]
    found = _with_linters(language, found, root, skipped)
    return _Scanned(units, [path for path in mine if path not in failed], skipped, lines, _once(found))


def _with_linters(language: Language, found: list[Found], root: Path, skipped: list[Skipped]) -> list[Found]:
    if language.beside is None:
        return found
    try:
        return language.beside(found, root)
    except UsageError as err:
        skipped.append(Skipped(Path(str(err.values["path"])), "unreadable", {"reason": err.values["reason"]}))
        return found


def _checked(rule: Rule[Any], unit: Any, root: Path, skipped: list[Skipped]) -> list[Match]:
    """Return a rule's matches; one that fails is said, and the others go on."""
    try:
        return list(rule.check(unit))
    except Exception as err:  # whatever a project's source does to one rule, it is not the end
        where = getattr(getattr(unit, "module", unit), "path", root)
        skipped.append(Skipped(where, "rule-failed", {"rule": rule.id, "reason": f"{type(err).__name__}: {err}"}))
        return []


def _once(found: Sequence[Found]) -> list[Found]:
    """Return the matches in the order of their places, one of each rule for a place."""
    places = {(rule.id, match.path, match.line, match.column): (rule, match) for rule, match in found}
    return sorted(places.values(), key=lambda pair: (str(pair[1].path), pair[1].line, pair[1].column))


def _said_once(skipped: Iterable[Skipped]) -> tuple[Skipped, ...]:
    """Return what was passed over, a folder that several languages wanted to read only once."""
    return tuple({(each.path, each.why, str(each.facts)): each for each in skipped}.values())


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
