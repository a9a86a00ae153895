"""All Python files of a scan, read: the units that rules get, and what could not be read."""

from collections.abc import Sequence
from pathlib import Path

from overstay.scan.python.linters import Ruff
from overstay.scan.python.model import Project
from overstay.scan.python.module import Module, read
from overstay.scan.python.unit import Unit
from overstay.scan.sources import Skipped

SUFFIXES = (".py", ".pyw")


def units(paths: Sequence[Path], root: Path) -> tuple[list[Unit], list[Skipped], int]:
    """Return a unit a file, the files that are no Python, and the number of lines."""
    with Ruff(paths) as ruff:
        told = [read(path, root) for path in paths]
        modules = [each for each in told if isinstance(each, Module)]
        project = Project(modules, ruff.lints())
    skipped = [each for each in told if isinstance(each, Skipped)]
    return [Unit(module, project) for module in modules], skipped, sum(len(each.lines) for each in modules)
