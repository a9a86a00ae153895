"""The settings of a project: YAML, TOML, JSON and .env, flattened to dotted names, each with its line.

Only scalars are ever made of what a file says. YAML is read as events first: a file with more nesting, nodes or aliases
than any configuration has is refused before anything is built of it, and tags are never acted on.
"""

import io
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml
from dotenv.parser import parse_stream

from overstay.checks.text import UnreadableError, read
from overstay.checks.tree import SETTINGS, File, Tree

Value = str | int | float | bool | None

_LARGEST = 512_000
DEEPEST = 40
_MOST_NODES = 50_000
_MOST_ALIASES = 200
_MOST_FILES = 300
_NO_CONFIGURATION = re.compile(
    r"(package(-lock)?|tsconfig.*|jsconfig.*|composer|manifest|.*\.lock|.*\.schema|pnpm-lock|poetry\.lock|uv\.lock)\.\w+"
)
_CONFIGURED = re.compile(r"(conf|config|setting|option|character|param|preset|env|\.env|mcp|server)", re.IGNORECASE)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOLEANS: dict[str, bool] = yaml.SafeLoader.bool_values


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of one file, by its dotted name."""

    name: str
    value: Value
    file: str
    line: int

    @property
    def key(self) -> str:
        """Return the last part of the name, in small letters."""
        return self.name.rpartition(".")[2].lower()

    @property
    def group(self) -> str:
        """Return the name of what the setting belongs to."""
        return self.name.rpartition(".")[0]

    @property
    def where(self) -> str:
        """Return file and line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A configuration file that was not read, and why."""

    file: str
    error: UnreadableError


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings of a project, and the files that could not be read."""

    files: tuple[str, ...]
    settings: tuple[Setting, ...]
    refused: tuple[Refusal, ...] = ()

    def named(self, *keys: str) -> list[Setting]:
        """Return the settings whose last part is one of these."""
        return [setting for setting in self.settings if setting.key in keys]


def read_configuration(tree: Tree, *, until: float) -> Configuration:
    """Return the settings of a project's configuration files, as far as the time allows."""
    names: list[str] = []
    settings: list[Setting] = []
    refused = [Refusal(link, UnreadableError("check.unreadable.link")) for link in tree.links if _is_linked(link)]
    for file in sorted(filter(_is_configuration, tree.of(SETTINGS)), key=_nearness)[:_MOST_FILES]:
        names.append(file.path)
        try:
            text = read(tree.root / file.path, limit=_LARGEST, until=until)
            settings += list(_READERS[file.suffix](text, file.path))  # all of it, or nothing
        except UnreadableError as err:
            refused.append(Refusal(file.path, err))
    return Configuration(tuple(names), tuple(settings), tuple(refused))


def _is_configuration(file: File) -> bool:
    """Tell whether a file configures something; JSON and TOML often are data or belong to tools."""
    if _NO_CONFIGURATION.fullmatch(file.name.lower()):
        return False
    return file.suffix in (".yaml", ".yml", ".env") or _CONFIGURED.search(file.path) is not None


def _is_linked(link: str) -> bool:
    return File(link, 0, 0.0).suffix in SETTINGS and _is_configuration(File(link, 0, 0.0))


def _nearness(file: File) -> tuple[int, str]:
    return len(PurePosixPath(file.path).parts), file.path


def _from_yaml(text: str, file: str) -> Iterator[Setting]:
    try:
        _refuse_bombs(text)
        documents = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        raise UnreadableError(
            "check.unreadable.syntax",
            format="YAML",
            line=mark.line + 1 if mark else 1,
            reason=getattr(err, "problem", None) or "?",
        ) from err
    budget = iter(range(_MOST_NODES))
    for document in documents:
        if document is not None:
            yield from _flattened(document, "", file, budget)


def _refuse_bombs(text: str) -> None:
    depth = aliases = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > DEEPEST or count > _MOST_NODES or aliases > _MOST_ALIASES:
            raise UnreadableError("check.unreadable.bomb", depth=DEEPEST, nodes=_MOST_NODES, aliases=_MOST_ALIASES)


def _flattened(node: yaml.Node, name: str, file: str, budget: Iterator[int]) -> Iterator[Setting]:
    """Yield the scalars below a node; an alias is looked into each time it is met, until the budget is spent."""
    if next(budget, None) is None:
        raise UnreadableError("check.unreadable.bomb", depth=DEEPEST, nodes=_MOST_NODES, aliases=_MOST_ALIASES)
    if isinstance(node, yaml.ScalarNode):
        yield Setting(name, _scalar(node), file, node.start_mark.line + 1)
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _flattened(item, _joined(name, str(place)), file, budget)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                is_merge = key.tag == "tag:yaml.org,2002:merge"
                yield from _flattened(value, name if is_merge else _joined(name, key.value), file, budget)


def _scalar(node: yaml.ScalarNode) -> Value:
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "bool":
            return _BOOLEANS.get(text.lower(), text)
        case "null":
            return None
        case "int" | "float":
            return _number(text)
    return text


def _number(text: str) -> Value:
    for make in (int, float):
        try:
            return make(text)
        except ValueError:
            continue
    return text


def _from_toml(text: str, file: str) -> Iterator[Setting]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        line = re.search(r"line (\d+)", str(err))
        reason = str(err).partition(" (at")[0]
        raise UnreadableError(
            "check.unreadable.syntax", format="TOML", line=int(line[1]) if line else 1, reason=reason
        ) from err
    except RecursionError as err:
        raise _too_deep() from err
    return _plain(tables, "", file, _Lines(text, r"^\s*(?:[\w.\"'-]+\.)?[\"']?{key}[\"']?\s*="))


def _from_json(text: str, file: str) -> Iterator[Setting]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as err:
        raise UnreadableError("check.unreadable.syntax", format="JSON", line=err.lineno, reason=err.msg) from err
    except (RecursionError, ValueError) as err:
        raise _too_deep() from err
    return _plain(value, "", file, _Lines(text, r"\"{key}\"\s*:"))


def _too_deep() -> UnreadableError:
    return UnreadableError("check.unreadable.bomb", depth=DEEPEST, nodes=_MOST_NODES, aliases=_MOST_ALIASES)


class _Lines:
    """Finds the line of a key; of several with the same name the one after the last that was asked for."""

    def __init__(self, text: str, pattern: str) -> None:
        self._text = text
        self._pattern = pattern
        self._at: dict[str, int] = {}

    def of(self, key: str) -> int:
        pattern = re.compile(self._pattern.format(key=re.escape(key)), re.MULTILINE)
        found = pattern.search(self._text, self._at.get(key, 0))
        if found is None:
            return 1
        self._at[key] = found.end()
        return self._text.count("\n", 0, found.end()) + 1


def _plain(value: object, name: str, file: str, lines: _Lines, depth: int = 0) -> Iterator[Setting]:
    if depth > DEEPEST:
        raise _too_deep()
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _plain(inner, _joined(name, str(key)), file, lines, depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value[:_MOST_NODES]):
            yield from _plain(inner, _joined(name, str(place)), file, lines, depth + 1)
    else:
        known = value if isinstance(value, str | int | float | bool) or value is None else str(value)
        key = re.sub(r"(\.\d+)+$", "", name).rpartition(".")[2]
        yield Setting(name, known, file, lines.of(key))


def _from_env(text: str, file: str) -> Iterator[Setting]:
    """Yield the variables of a .env file as they stand there: nothing is filled in, nothing is run."""
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise UnreadableError("check.unreadable.syntax", format=".env", line=binding.original.line, reason="=")
        if binding.key is not None:
            blank = len(binding.original.string) - len(binding.original.string.lstrip("\n"))
            value = _BOOLEANS.get((binding.value or "").lower(), binding.value)
            yield Setting(binding.key, value, file, binding.original.line + blank)


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


_READERS: dict[str, Callable[[str, str], Iterator[Setting]]] = {
    ".yaml": _from_yaml,
    ".yml": _from_yaml,
    ".toml": _from_toml,
    ".json": _from_json,
    ".env": _from_env,
}
