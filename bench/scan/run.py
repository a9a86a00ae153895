"""How precise the static scan is on real code, and how fast.

    .venv/bin/python bench/scan/run.py [--json FILE] [--unread] [--only PACKAGE ...]

Scans the pinned wheels and compares what it finds with the labels of those who read the code. `--unread` prints the
findings of the sample that have no label, with the lines around them, and measures nothing. Exits 0 when every bar is
met: no rule that is not a hint under 80 %, 200 findings read, none of the sample unread, 100,000 lines in under 10 s.
"""

import argparse
import gc
import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from precision.figures import BAR_LABELS, BAR_SECONDS, Figures, figures, seconds_per_100_000
from precision.label import Key, key_of, read
from precision.sample import MOST, SEED, sample
from precision.wheels import Package, fetched, unpacked

from overstay.findings import Finding
from overstay.messages import Speaker
from overstay.scan import scan
from overstay.scan.languages import every_rule

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
PINS = HERE / "packages.txt"
AROUND = 14


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the scan said about one package, and the CPU seconds that it took."""

    package: Package
    findings: dict[Key, Finding]
    hints: set[Key]
    files: int
    lines: int
    seconds: float


def main() -> int:
    """Fetch, scan, compare, print, write, and return the exit status."""
    options = _options()
    wheels = BUILD / "scan" / "wheels"
    fetched(PINS, wheels)
    packages = [
        each for each in unpacked(PINS, wheels, BUILD / "scan") if not options.only or each.name in options.only
    ]
    scanned = [_scanned(each) for each in packages]
    found = {key: (each.package, finding) for each in scanned for key, finding in each.findings.items()}
    chosen = {each.name for each in packages}
    labels = {key: label for key, label in read(HERE / "labels").items() if key.package in chosen}
    to_read = sample(found)
    unread = sorted(to_read - labels.keys())
    if options.unread:
        for key in unread:
            print("\n".join(_shown(key, *found[key])))
        return 1 if unread else 0
    hints = {key for each in scanned for key in each.hints}
    rows = figures(every_rule(), {key: key in hints for key in found}, to_read, labels)
    print("\n".join(_table(rows, scanned)))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(_as_json(rows, scanned), indent=2) + "\n", encoding="utf-8")
    return 0 if _are_met(rows, scanned) and not unread else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--json", type=Path, default=BUILD / "scan.json", help="where to write the figures")
    parser.add_argument("--unread", action="store_true", help="print the findings that need a label")
    parser.add_argument("--only", nargs="+", metavar="PACKAGE", help="some of the packages")
    return parser.parse_args()


def _scanned(package: Package) -> Scanned:
    """Scan a package; the time is the processor's, ruff's own too, so that a busy machine changes little."""
    before = _cpu()
    result = scan(package.folder, say=Speaker("en"))
    seconds = _cpu() - before
    findings = {key_of(each, package.name): each for each in reversed((*result.findings, *result.hints))}
    gc.collect()
    shown = {key_of(each, package.name) for each in result.findings}
    return Scanned(package, findings, findings.keys() - shown, result.files, result.lines, seconds)


def _cpu() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _shown(key: Key, package: Package, finding: Finding) -> Iterator[str]:
    site = finding.site
    assert site is not None
    yield f"#### {key.package} {key.rule} {key.file}:{site.line} {key.function}"
    yield f"     {finding.title} {finding.evidence[1:]}"
    lines = (package.folder / key.file).read_text(encoding="utf-8", errors="replace").splitlines()
    for number in range(max(1, site.line - AROUND), min(len(lines), site.line + AROUND) + 1):
        yield f"{number:6}{'>' if number == site.line else ' '} {lines[number - 1]}"


def _table(rows: list[Figures], scanned: list[Scanned]) -> Iterator[str]:
    yield f"{'rule':32}{'found':>6}{'read':>6}{'true':>6}{'false':>6}{'unclear':>8}{'precision':>10}  95 % interval"
    for each in sorted(rows, key=lambda row: -row.found):
        share = "" if each.precision is None else f"{each.precision:.0%}"
        low, high = each.interval
        interval = f"{low:.0%}-{high:.0%}" if share else ""
        note = "hint" if each.is_hint else "" if each.is_met else "under the bar"
        yield (
            f"{each.rule:32}{each.found:6}{each.read:6}{each.true:6}{each.false:6}{each.unclear:8}{share:>10}  "
            f"{interval:10} {note}"
        )
    whole = _whole(rows)
    yield f"{len(scanned)} packages, {whole['found']} findings, {whole['read']} read"
    for one in scanned:
        speed = seconds_per_100_000(one.lines, one.seconds)
        yield f"{one.package.name:20}{one.lines:9} lines {one.seconds:7.1f} s {speed:6.1f} s per 100,000"
    yield f"{'all':20}{sum(one.lines for one in scanned):9} lines, {_speed(scanned):.1f} s of CPU per 100,000"


def _whole(rows: list[Figures]) -> dict[str, int]:
    names = ("found", "read", "true", "false", "unclear", "gone_true", "gone_false")
    return {name: sum(getattr(each, name) for each in rows) for name in names}


def _speed(scanned: list[Scanned]) -> float:
    return seconds_per_100_000(sum(each.lines for each in scanned), sum(each.seconds for each in scanned))


def _are_met(rows: list[Figures], scanned: list[Scanned]) -> bool:
    enough = sum(each.read for each in rows) >= BAR_LABELS
    return enough and all(each.is_met for each in rows) and _speed(scanned) < BAR_SECONDS


def _as_json(rows: list[Figures], scanned: list[Scanned]) -> dict[str, Any]:
    return {
        "seed": SEED,
        "most_per_rule_and_package": MOST,
        "seconds_per_100_000_lines": _speed(scanned),
        "totals": _whole(rows),
        "rules": [
            {**asdict(each), "precision": each.precision, "interval": each.interval, "is_met": each.is_met}
            for each in rows
        ],
        "packages": [
            {
                "name": each.package.name,
                "version": each.package.version,
                "files": each.files,
                "lines": each.lines,
                "findings": len(each.findings),
                "seconds": each.seconds,
            }
            for each in scanned
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
