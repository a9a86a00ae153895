"""What a Python rule reads: one module, with the project that it is part of."""

from dataclasses import dataclass

from overstay.scan.python.model import Project
from overstay.scan.python.module import Module


@dataclass(frozen=True, slots=True)
class Unit:
    """A module and its project."""

    module: Module
    project: Project
