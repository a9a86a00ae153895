"""How much something has grown since the last run of the same project."""

import time
from collections.abc import Iterator

from overstay.checks import last_run
from overstay.checks.amounts import age, size
from overstay.checks.project import Project
from overstay.messages import Speaker


def since(project: Project, name: str, *, files: int, count: int, say: Speaker) -> Iterator[str]:
    """Yield the difference in files and bytes, unless this is the first run."""
    before = last_run.recall(project.root, name)
    if before is not None:
        yield say(
            "check.amount.since",
            files=f"{files - before.files:+d}",
            size=size(count - before.bytes, say, signed=True),
            ago=age(time.time() - before.at, say),
        )
