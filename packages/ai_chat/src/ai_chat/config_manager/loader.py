"""Reads conf.yaml, the characters' files, mcp_servers.json and the environment into settings.

What files have is moved to where the settings have it (`layout`), the environment is laid over it, and pydantic judges
the whole. Every value keeps its place until then, so that what does not fit is told with its file and line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ai_chat.agent.stateless_llm.embedded_weights import find_weights, is_installed
from ai_chat.catalogue import text
from ai_chat.config_manager.environment import Variable, unsupported_variables, variables
from ai_chat.config_manager.explanation import explain
from ai_chat.config_manager.files import read_json, read_yaml
from ai_chat.config_manager.layout import Layout, Unsupported
from ai_chat.config_manager.problems import ConfigProblem, quoted
from ai_chat.config_manager.settings import Settings
from ai_chat.config_manager.tree import Leaf, Place, Table
from ai_chat.problems import ChatProblem

LOCAL_TOOLS = {"command": sys.executable, "args": ["-m", "ai_chat.mcpp.local_tools"]}
EMBEDDED = {
    "embedded-not-installed": "config-embedded-not-installed",
    "embedded-no-file": "config-embedded-no-file",
}
MOST_NAMED = 40  # keys of one warning
PROVIDER = ("character", "llm", "provider")
NOWHERE = Place("", 0, "")


@dataclass(frozen=True, slots=True)
class Remark:
    """What is worth knowing about a configuration that can be used."""

    code: str
    values: Mapping[str, object]

    def told(self, lang: str) -> str:
        """The sentence."""
        return text(self.code, lang, **self.values)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and remarks on what their sources have."""

    settings: Settings
    warnings: tuple[Remark, ...] = ()


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Loaded:
    """The settings of a file, of what lies beside it, and of the environment. Raises `ConfigProblem`.

    Without a file, what lies in the current folder is taken: characters and mcp_servers.json.
    """
    folder = path.parent if path is not None else Path()
    raw = read_yaml(path) if path is not None else Table(NOWHERE)
    tree, layout = Table(NOWHERE), Layout(environment)
    layout.take(raw, tree)
    _take_servers(folder / "mcp_servers.json", tree, layout)
    overrides = list(variables(environment))
    for key, leaf in overrides:
        tree.put(key, leaf)
    alternatives = _alternatives(folder, tree)
    characters = [_character(one, raw, overrides, layout) for one in alternatives]
    for one in (tree, *characters):
        _choose_model(one)
    settings = _validated(tree, alternatives, characters)
    _check(settings, tree, alternatives, characters)
    unsupported = [*layout.unsupported, *unsupported_variables(environment)]
    return Loaded(settings, tuple(_remarks(settings, unsupported)))


def _take_servers(path: Path, tree: Table, layout: Layout) -> None:
    """The servers of mcp_servers.json when conf.yaml names none, and our own when that names none either."""
    if tree.get(("mcp_servers",)) is None and path.exists():
        layout.take_servers(read_json(path), tree)
    if tree.get(("mcp_servers",)) is None:
        for name, value in LOCAL_TOOLS.items():
            tree.put(("mcp_servers", "local", name), Leaf(value, NOWHERE))


def _choose_model(tree: Table) -> None:
    """The embedded model where nobody names one and it is installed."""
    llm = tree.get(("character", "llm"))
    if (llm is None or isinstance(llm, Table)) and tree.get(PROVIDER) is None and is_installed():
        tree.put(PROVIDER, Leaf("embedded", NOWHERE))


def _alternatives(folder: Path, tree: Table) -> list[Path]:
    """The files of the characters' folder, which need not exist."""
    setting = tree.get(("system", "config_alts_dir"))
    value = setting.value if isinstance(setting, Leaf) else "characters"
    if not isinstance(value, str):
        return []  # and pydantic says why
    named = folder / value
    if isinstance(setting, Leaf) and named.exists() and not named.is_dir():
        raise _at("config-no-folder", setting.place, value=quoted(value))
    return sorted(one for one in named.glob("*.yaml") if not one.name.startswith("."))


def _character(path: Path, base: Table, overrides: Sequence[Variable], layout: Layout) -> Table:
    """The settings of one alternative: its file, laid over the environment, laid over conf.yaml's character."""
    own = read_yaml(path)
    merged = Table(own.place)
    for whole in (base, own):
        character = whole.entries.get("character_config")
        if character is not None:
            merged.put(("character_config",), character)
    tree, both = Table(own.place), Layout(layout.environment)
    both.take(merged, tree)
    layout.unsupported += [one for one in both.unsupported if one.place.source == str(path)]
    layout.unsupported += [Unsupported(node.place) for name, node in own.entries.items() if name != "character_config"]
    for key, leaf in overrides:
        if key[0] == "character" and not _is_own(tree, key, str(path)):
            tree.put(key, leaf)
    return tree


def _is_own(tree: Table, key: tuple[str, ...], source: str) -> bool:
    """Whether a character's own file decides a setting.

    Who names a language model, or its address, has it whole: a key that the environment has for another model must not
    be sent to this one.
    """
    decided = [key]
    if key[:2] == ("character", "llm"):
        decided += [("character", "llm", "provider"), ("character", "llm", "base_url")]
    there = [tree.get(one) for one in decided]
    return any(node is not None and node.place.source == source for node in there)


def _validated(tree: Table, alternatives: Sequence[Path], characters: Sequence[Table]) -> Settings:
    whole: dict[str, Any] = tree.plain()
    whole["characters"] = [
        {**one.plain().get("character", {}), "file": path.name}
        for path, one in zip(alternatives, characters, strict=True)
    ]
    try:
        return Settings.model_validate(whole)
    except ValidationError as err:
        raise explain(err, tree, characters) from None


def _check(settings: Settings, tree: Table, alternatives: Sequence[Path], characters: Sequence[Table]) -> None:
    """What one section alone cannot know. Raises `ConfigProblem`."""
    owners = {settings.character.conf_uid: settings.character.file}
    for path, one, source in zip(alternatives, settings.characters, characters, strict=True):
        if one.file == settings.character.file:
            raise ConfigProblem("config-same-file", path=path, value=quoted(one.file))
        if one.conf_uid in owners:
            place = source.nearest(("character", "conf_uid")).place
            line = place.line if place.source == str(path) else 1
            other = owners[one.conf_uid]
            raise ConfigProblem("config-twice", path=path, line=line, value=quoted(one.conf_uid), other=other)
        owners[one.conf_uid] = one.file
    everyone = (settings.character, *settings.characters)
    for one, source in zip(everyone, (tree, *characters), strict=True):
        if one.llm.provider == "openai_compatible" and not one.llm.model:
            raise _at("config-no-model", source.nearest(("character", "llm", "provider")).place)
        if one.llm.provider == "embedded":
            try:
                find_weights()
            except ChatProblem as problem:
                place = source.nearest(("character", "llm", "provider")).place
                raise _at(EMBEDDED[problem.code], place, **problem.values) from None
    for name, server in settings.mcp_servers.items():
        if not server.command and not server.url:
            raise _at("config-no-command", tree.nearest(("mcp_servers", name)).place)


def _at(code: str, place: Place, **values: object) -> ConfigProblem:
    return ConfigProblem(code, place=place, path=place.source, line=place.line, **values)


def _remarks(settings: Settings, unsupported: Sequence[Unsupported]) -> Iterator[Remark]:
    named = list(dict.fromkeys(str(one) for one in unsupported))
    if named:
        more = f" … (+{len(named) - MOST_NAMED})" if len(named) > MOST_NAMED else ""
        yield Remark("config-ignored", {"keys": ", ".join(named[:MOST_NAMED]) + more})
    for one in (settings.character, *settings.characters):
        missing = [name for name in one.mcp_enabled_servers or () if name not in settings.mcp_servers]
        if missing and one.use_mcpp:
            yield Remark("config-no-server", {"file": one.file, "names": ", ".join(missing)})
