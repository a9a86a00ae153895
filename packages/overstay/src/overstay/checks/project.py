"""The project as the checks see it: read once, when first asked for, and only until the deadline."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from overstay.checks.configuration_files import Configuration, read_configuration
from overstay.checks.log_files import Logs
from overstay.checks.sources import Sources
from overstay.checks.tree import Tree, walk
from overstay.visits.destination import Destination

PATIENCE = 4.0
"""Seconds that all checks of files may take together."""
_WALK = 1.5


@dataclass(frozen=True)
class Project:
    """What the checks were given to look at."""

    root: Path
    destination: Destination | None = None
    pids: frozenset[int] = frozenset()
    probes_llm: bool = False
    deadline: float = field(default_factory=lambda: time.monotonic() + PATIENCE)

    @cached_property
    def tree(self) -> Tree:
        """Return the project's folders and files."""
        return walk(self.root, until=min(self.deadline, time.monotonic() + _WALK))

    @cached_property
    def configuration(self) -> Configuration:
        """Return the settings of all configuration files."""
        return read_configuration(self.tree, until=self.deadline)

    @cached_property
    def sources(self) -> Sources:
        """Return the project's Python."""
        return Sources(self.tree, until=self.deadline)

    @cached_property
    def logs(self) -> Logs:
        """Return the project's logs."""
        return Logs(self.tree, until=self.deadline)

    @property
    def is_late(self) -> bool:
        """Tell whether the time is over."""
        return time.monotonic() > self.deadline
