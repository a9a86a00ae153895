"""The mechanical fixes of a scan: a diff for each finding that has one, and whole files with all that are safe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overstay.scan.python import fixes
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule
from overstay.scan.web import Script, diff_of


@dataclass(frozen=True, slots=True)
class Mended:
    """A file's text with all its safe fixes; `count` is how many they are."""

    path: Path
    text: str
    count: int


class Mending:
    """Makes the fixes of one scan: of Python those that are safe, too; of a page's scripts, diffs."""

    def __init__(self, units: Sequence[object], rules: Mapping[str, Rule[Any]], root: Path) -> None:
        self._units = {unit.module.path: unit for unit in units if isinstance(unit, Unit)}
        self._scripts = {unit.path: unit for unit in units if isinstance(unit, Script)}
        self._rules = rules
        self._root = root

    def diff(self, rule: Rule[Any], match: Match) -> str | None:
        """Return the change that ends one match; None where it is not mechanical."""
        file = match.path.relative_to(self._root).as_posix()
        if match.path in self._scripts:
            return diff_of(self._scripts[match.path], rule, match, file)
        unit = self._units.get(match.path)
        text = fixes.mended(unit, [fixes.target_of(rule, match)], self._rules) if unit else None
        if unit is None or text is None:
            return None
        return fixes.diff("\n".join(unit.module.lines) + "\n", text, file)

    def safely(self, found: Sequence[tuple[Rule[Any], Match]]) -> tuple[Mended, ...]:
        """Return the files in which something can be mended safely, with all of it mended."""
        by_path: dict[Path, list[fixes.Target]] = {}
        for rule, match in found:
            if rule.id in fixes.SAFE and self.diff(rule, match) is not None:
                by_path.setdefault(match.path, []).append(fixes.target_of(rule, match))
        whole = []
        for path, targets in by_path.items():
            text = fixes.mended(self._units[path], targets, self._rules)
            if text is not None:
                whole.append(Mended(path, text, len(targets)))
        return tuple(whole)
