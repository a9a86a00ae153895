"""Values in tables, each with the place that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a key in a line of a file, or an environment variable, which has line 0."""

    source: str
    line: int
    key: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.key}" if self.line else self.source

    @property
    def short(self) -> str:
        """For lists of places."""
        return f"{self.key} ({Path(self.source).name}:{self.line})" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value. Its text shows none of it, because it may be a secret."""

    value: Any = field(repr=False)
    place: Place
    is_secret: bool = False


@dataclass(slots=True)
class Table:
    """Values and tables by name."""

    place: Place
    entries: dict[str, Leaf | Table] = field(default_factory=dict)

    def put(self, key: Sequence[str], node: Leaf | Table) -> None:
        """Put a node at a key, which makes the tables above it. Tables are merged; else what was there is replaced."""
        table = self
        for name in key[:-1]:
            below = table.entries.get(name)
            if not isinstance(below, Table):
                below = table.entries[name] = Table(node.place)
            table = below
        there = table.entries.get(key[-1])
        if isinstance(node, Table):
            if not isinstance(there, Table):
                there = table.entries[key[-1]] = Table(node.place)
            for name, child in node.entries.items():
                there.put((name,), child)
        elif not (
            isinstance(there, Table) and node.value in (None, {})
        ):  # `key:` with nothing below takes nothing away
            table.entries[key[-1]] = node

    def get(self, key: Sequence[object]) -> Leaf | Table | None:
        """What is at a key."""
        node: Leaf | Table | None = self
        for name in key:
            node = node.entries.get(str(name)) if isinstance(node, Table) else None
        return node

    def nearest(self, key: Sequence[object]) -> Leaf | Table:
        """What is at a key, or above it when nothing is there."""
        for end in range(len(key), 0, -1):
            node = self.get(key[:end])
            if node is not None:
                return node
        return self

    def plain(self) -> dict[str, Any]:
        """The values alone."""
        return {name: node.plain() if isinstance(node, Table) else node.value for name, node in self.entries.items()}
