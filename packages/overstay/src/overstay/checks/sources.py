"""The project's Python as syntax trees. Nothing of it is imported or run."""

import ast
import math
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from overstay.checks.text import UnreadableError, read
from overstay.checks.tree import SOURCE, Tree
from overstay.findings import Site

_LARGEST = 1_000_000
_MOST = 40_000_000
"""Bytes of one file and of all files; beyond them is what a program wrote."""
_DEFINED = re.compile(r"^[ \t]*(?:class|def|async def)[ \t]+(\w+)", re.MULTILINE)

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of Python; `tree` is None where it does not parse, or when it is first asked for after `until`."""

    path: str
    text: str
    until: float = math.inf

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module | None:
        """Return the syntax tree."""
        if time.monotonic() > self.until:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the project's escapes and comparisons; ruff's business
                return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    @cached_property
    def _nodes(self) -> list[ast.AST]:
        return [] if self.tree is None else list(ast.walk(self.tree))

    @cached_property
    def definitions(self) -> dict[str, list[Definition]]:
        """Return the classes and functions by name."""
        found: dict[str, list[Definition]] = {}
        for node in _statements(self.tree):
            if isinstance(node, Definition):
                found.setdefault(node.name, []).append(node)
        return found

    @property
    def is_broken(self) -> bool:
        """Tell whether it was tried to parse, and does not."""
        return "tree" in self.__dict__ and self.tree is None and time.monotonic() <= self.until

    @property
    def name(self) -> str:
        """Return the file's name without its ending."""
        return PurePosixPath(self.path).stem

    def nodes(self) -> Iterator[ast.AST]:
        """Yield every node; nothing of what does not parse."""
        return iter(self._nodes)

    def site(self, node: ast.AST) -> Site:
        """Return where a node begins."""
        line = getattr(node, "lineno", 1)
        code = self.lines[line - 1].strip() if line <= len(self.lines) else ""
        return Site(self.path, line, self._function_at(line), code)

    def _function_at(self, line: int) -> str:
        names = [
            node.name
            for nodes in self.definitions.values()
            for node in nodes
            if node.lineno <= line <= (node.end_lineno or node.lineno)
        ]
        return ".".join(names)


def _statements(tree: ast.Module | None) -> Iterator[ast.stmt]:
    """Yield every statement, which are far fewer than the nodes."""
    waiting: list[ast.AST] = [] if tree is None else [tree]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if isinstance(child, ast.stmt):
                yield child
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                waiting.append(child)


class Sources:
    """The modules of a project; `unread` are those that are no text, too large, or too late."""

    def __init__(self, tree: Tree, *, until: float) -> None:
        self.modules: list[Module] = []
        self.unread: list[str] = []
        total = 0
        for file in sorted(tree.of(SOURCE), key=lambda file: file.path):
            try:
                text = read(tree.root / file.path, limit=min(_LARGEST, _MOST - total), until=until)
                self.modules.append(Module(file.path, text, until))
                total += len(text)
            except UnreadableError:
                self.unread.append(file.path)

    @cached_property
    def _defining(self) -> dict[str, list[Module]]:
        found: dict[str, list[Module]] = {}
        for module in self.modules:
            for name in set(_DEFINED.findall(module.text)):
                found.setdefault(name, []).append(module)
        return found

    def definitions(self, name: str) -> Iterator[tuple[Module, Definition]]:
        """Yield the classes and functions of a name; only modules that have one are parsed."""
        for module in self._defining.get(name, ()):
            for node in module.definitions.get(name, ()):
                yield module, node

    def mentioning(self, *words: str) -> list[Module]:
        """Return the modules that have one of these words, the others of which need not be parsed."""
        return [module for module in self.modules if any(word in module.text for word in words)]


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` of a chain of names, as much of it as there is."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def called(node: ast.AST) -> str:
    """Return the last name of what a node calls; nothing for what is no call."""
    return dotted(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
