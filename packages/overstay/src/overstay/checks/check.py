"""The contract of a project check.

A check is a class with a name and one method; it is made without arguments. Ours and those of others are found in the
same way, by the entry point group `overstay.checks`.
"""

from collections.abc import Iterable
from typing import Protocol

from overstay.checks.project import Project
from overstay.findings import Result
from overstay.messages import Speaker

__all__ = ["Check", "Project", "Result"]


class Check(Protocol):
    """One thing to look at.

    It may have `needs_folder = False`, to be asked without a project, too; and `waits = True`, when it takes its time
    for something else than files, so that what it says after the deadline is still whole.
    """

    name: str

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return what was found, one result an item.

        Reads the project and never changes it; ends soon after `project.deadline`. What it raises becomes a result that
        says so, and the other checks go on.
        """
        ...
