"""What a report needs to know besides the evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How the examination was made; `lag` and `self_costs` have one answer of the probe for each process."""

    project: Path
    command: tuple[str, ...]
    url: str | None
    python: str | None
    servers: tuple[str, ...]
    is_inside: bool
    duration: float
    settle: float
    lag: Sequence[Mapping[str, Any]] = ()
    self_costs: Sequence[Mapping[str, Any]] = ()
    notes: tuple[str, ...] = ()
    disarmed: Mapping[str, str] = field(default_factory=dict)
