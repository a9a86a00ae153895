"""What a reader of the code said about a finding, kept by what the finding is and not by where it stands."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from overstay.findings import Finding
from overstay.report.excerpt import without_comment

Verdict = Literal["true", "false", "unclear"]


class LabelError(Exception):
    """A file of labels that cannot be used as it is."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A finding without its line number: two findings of one rule in equal lines of one function are one."""

    package: str
    rule: str
    file: str
    function: str
    code: str


@dataclass(frozen=True, slots=True)
class Label:
    """One reading, and the reason for it in a few words."""

    verdict: Verdict
    why: str


def key_of(finding: Finding, package: str) -> Key:
    """Return the key of a finding of the scan; it has a site."""
    site = finding.site
    assert site is not None
    return Key(package, finding.rule, site.file, site.function, " ".join(without_comment(site.code).split()))


def read(folder: Path) -> dict[Key, Label]:
    """Return all labels: those of a package are in the file of its name."""
    found: dict[Key, Label] = {}
    for path in sorted(folder.glob("*.toml")):
        for key, label in _of_package(path):
            if key in found:
                raise LabelError(f"{path.name} has two labels for {key.rule} in {key.function} of {key.file}")
            found[key] = label
    return found


def _of_package(path: Path) -> Iterator[tuple[Key, Label]]:
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["label"]:
        key = Key(path.stem, entry["rule"], entry["file"], entry["function"], entry["code"])
        yield key, Label(_verdict(entry, path), entry["why"])


def _verdict(entry: Mapping[str, str], path: Path) -> Verdict:
    for each in get_args(Verdict):
        if entry["is"] == each and entry["why"]:
            return each  # type: ignore[no-any-return]  # one of the three
    raise LabelError(f"{path.name}: {entry} needs `is` true, false or unclear, and a reason in `why`")
