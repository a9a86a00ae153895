"""The languages that a scan reads: which files are theirs, how they are read, and which rules look at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overstay.scan import rules, web
from overstay.scan.python import reading
from overstay.scan.rule import Found, Rule
from overstay.scan.sources import Skipped


@dataclass(frozen=True, slots=True)
class Language:
    """`read` returns the units of some files of a project, the files that it could not read, and the lines read.

    `beside` adds to the matches what a linter of the project's own has said; raises UsageError where it left nonsense.
    """

    suffixes: tuple[str, ...]
    read: Callable[[Sequence[Path], Path], tuple[Sequence[Any], Sequence[Skipped], int]]
    rules: Sequence[Rule[Any]]
    beside: Callable[[Sequence[Found], Path], list[Found]] | None = None


LANGUAGES = (
    Language(reading.SUFFIXES, reading.units, rules.RULES),
    Language(web.SUFFIXES, web.units, web.RULES, web.with_eslint),
)


def every_rule() -> dict[str, Rule[Any]]:
    """Return all rules of all languages by their ids."""
    return {rule.id: rule for language in LANGUAGES for rule in language.rules}
