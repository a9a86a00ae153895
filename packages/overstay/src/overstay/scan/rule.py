"""A static rule, and the places that it matches: plain data, so that no rule knows how a finding is said or shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from overstay.findings import Severity

Unit = TypeVar("Unit")
"""What a rule reads: the Python module or the web script of one file, with the project around it."""


@dataclass(frozen=True, slots=True)
class Match:
    """One place where a rule applies; lines and columns count from 1 and from 0, as ast does.

    `facts` fills the fields of the rule's sentences; `evidence` names the other lines that the verdict rests on.
    `is_hint`: the rule applies, and nothing says that it happens for each client; it shows only beside a finding of a
    running server, as all matches of a rule do that is a hint.
    """

    path: Path
    line: int
    column: int
    function: str
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    evidence: tuple[tuple[str, Mapping[str, object]], ...] = ()
    is_hint: bool = False


@dataclass(frozen=True, slots=True)
class Rule(Generic[Unit]):
    """One pattern that leaves something behind when clients come and go.

    `id` is the flagged pattern and never changes. `kind` is the holding that it leaves, so that it can meet what was
    found on the running server. A hint shows only together with a dynamic finding of the same site. `check` reads one
    unit and yields matches; it never runs the project's code.
    """

    id: str
    language: Literal["python", "web"]
    kind: str
    severity: Severity
    check: Callable[[Unit], Iterable[Match]]
    suspect: int | None = None
    is_hint: bool = False


Found = tuple[Rule[Any], Match]
