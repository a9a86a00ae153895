"""What a Python rule reads: one module, with the project that it is part of."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from overstay.scan.python.model import Lint, Project
from overstay.scan.python.module import Module
from overstay.scan.rule import Match


@dataclass(frozen=True, slots=True)
class Unit:
    """A module and its project."""

    module: Module
    project: Project

    def lints(self, *codes: str) -> Iterator[Lint]:
        """Yield what another linter said about the module under these codes."""
        for lint in self.project.lints.get(self.module.path, ()):
            if lint.code in codes:
                yield lint

    def match_at(self, lint: Lint, **facts: object) -> Match:
        """Return a match where another linter pointed at: at the expression or definition that begins there."""
        nodes = self.module.at(lint.line, lint.column)
        node = nodes[0] if nodes else self.module.tree
        match = replace(self.module.match(node), facts=facts)
        return (
            match
            if nodes
            else Match(match.path, lint.line, lint.column, "<module>", self.module.line(lint.line), facts)
        )

    def node_at(self, lint: Lint) -> ast.AST | None:
        """Return the outermost expression that begins where another linter pointed at."""
        nodes = self.module.at(lint.line, lint.column)
        return nodes[0] if nodes else None
