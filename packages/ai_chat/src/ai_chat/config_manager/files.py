"""Reads YAML and JSON files into tables that know their lines.

YAML is composed by the safe loader, which makes no objects, and walked here: that keeps the line of each key, finds
keys that are there twice, which YAML's own constructor overlooks, and bounds what aliases expand to before anything is
built. JSON is composed by the same loader for its lines, and its values are read by `json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from ai_chat.config_manager.problems import ConfigProblem
from ai_chat.config_manager.tree import Leaf, Place, Table

LARGEST = 1_000_000  # bytes of a file
NODES = 20_000  # of a file, with its aliases expanded
DEPTH = 40
MERGE = "tag:yaml.org,2002:merge"


def read_yaml(path: Path) -> Table:
    """The tables of a YAML file. Raises `ConfigProblem`."""
    return _read(path, _text(path), _yaml_value)


def read_json(path: Path) -> Table:
    """The tables of a JSON file. Raises `ConfigProblem`."""
    source = _text(path)
    try:
        json.loads(source)
    except json.JSONDecodeError as err:
        raise ConfigProblem("config-json-syntax", path=path, line=err.lineno, column=err.colno) from None
    except RecursionError:
        raise ConfigProblem("config-too-much", path=path, line=1) from None
    # JSON may be indented with tabs, YAML may not; JSON's strings have none.
    return _read(path, source.replace("\t", " "), partial(_json_value, source))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError as err:
        raise ConfigProblem("config-missing", path=path) from err
    except IsADirectoryError as err:
        raise ConfigProblem("config-folder", path=path) from err
    except OSError as err:
        raise ConfigProblem("config-unreadable", path=path, problem=err.strerror or type(err).__name__) from err
    if len(raw) > LARGEST:
        raise ConfigProblem("config-large", path=path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise ConfigProblem("config-encoding", path=path, line=raw.count(b"\n", 0, err.start) + 1) from None


class TooMuchError(yaml.MarkedYAMLError):
    """A file that is deeper, or has more nodes, than any configuration."""


class TagError(yaml.MarkedYAMLError):
    """A tag beside YAML's own. It is not quoted: it may be a key that begins with `!`."""


class _Loader(yaml.SafeLoader):
    """Composes nodes within bounds. Never constructs a whole document."""

    _nodes = 0
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose the next node. Raises `TooMuchError` or `TagError`."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs have no types here
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", *self.yaml_constructors}:
            raise TagError(None, None, None, event.start_mark)
        self._nodes += 1
        self._depth += 1
        if self._nodes > NODES or self._depth > DEPTH:
            raise TooMuchError(None, None, None, event.start_mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _read(path: Path, source: str, value_of: Callable[[yaml.Node], Any]) -> Table:
    try:
        root = _composed(source)
        whole = Table(Place(str(path), 1, ""))
        if isinstance(root, yaml.MappingNode):
            return _Walk(path, value_of).table(root, whole.place, 0)
        if root is not None and _Walk(path, value_of).value(root, 0) is not None:
            raise ConfigProblem("config-no-keys", path=path, line=_line(root))
    except TagError as err:
        raise ConfigProblem("config-tag", path=path, line=_position(err)[0]) from None
    except TooMuchError as err:
        raise ConfigProblem("config-too-much", path=path, line=_position(err)[0]) from None
    except yaml.MarkedYAMLError as err:
        line, column = _position(err)
        raise ConfigProblem("config-syntax", path=path, line=line, column=column) from None
    except yaml.reader.ReaderError as err:
        line = source.count("\n", 0, err.position) + 1
        raise ConfigProblem("config-character", path=path, line=line, character=f"U+{err.character:04X}") from None
    return whole


def _composed(source: str) -> yaml.Node | None:
    loader = _Loader(source)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _position(err: yaml.MarkedYAMLError) -> tuple[int, int]:
    mark = err.problem_mark or err.context_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


@dataclass(slots=True)
class _Walk:
    """From nodes to tables, counting each node as often as aliases repeat it."""

    path: Path
    value_of: Callable[[yaml.Node], Any]
    seen: int = 0

    def table(self, node: yaml.MappingNode, place: Place, depth: int) -> Table:
        """The table of a mapping that is at `place`."""
        table, merged = Table(place), list[Table]()
        for key, below in node.value:
            self.count(key, depth)
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigProblem("config-key", path=self.path, line=_line(key))
            at = Place(str(self.path), _line(key), f"{place.key}.{key.value}" if place.key else key.value)
            if key.tag == MERGE:
                merged += [self.table(one, place, depth + 1) for one in self.merged(below, at)]
            elif key.value in table.entries:
                first = table.entries[key.value].place.line
                raise ConfigProblem("config-duplicate", path=self.path, line=at.line, place=at, first=first)
            elif isinstance(below, yaml.MappingNode) and below.value:
                table.entries[key.value] = self.table(below, at, depth + 1)
            else:
                table.entries[key.value] = Leaf(self.value(below, depth + 1), at)
        for one in merged:
            for name, node_below in one.entries.items():  # what is written out wins, then what is named first
                table.entries.setdefault(name, node_below)
        return table

    def merged(self, node: yaml.Node, at: Place) -> list[yaml.MappingNode]:
        """The tables that `<<` names."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if any(not isinstance(one, yaml.MappingNode) for one in nodes):
            raise ConfigProblem("config-not-a-table", place=at, path=self.path, line=at.line)
        return list(nodes)

    def value(self, node: yaml.Node, depth: int) -> Any:
        """The value of a node that is no table, or lies in a list."""
        self.count(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(one, depth + 1) for one in node.value]
        if isinstance(node, yaml.MappingNode):
            return self.table(node, Place(str(self.path), _line(node), ""), depth).plain()
        try:
            return self.value_of(node)
        except ValueError:  # such as 2024-99-99, which YAML takes for a date
            return node.value

    def count(self, node: yaml.Node, depth: int) -> None:
        """Count a node. Raises `ConfigProblem` over the bounds."""
        self.seen += 1
        if self.seen > NODES or depth > DEPTH:
            raise ConfigProblem("config-too-much", path=self.path, line=_line(node))


def _yaml_value(node: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_object(node)


def _json_value(source: str, node: yaml.Node) -> Any:
    return json.loads(source[node.start_mark.index : node.end_mark.index])
