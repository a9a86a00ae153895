"""Reads conf.yaml, the characters' files and the environment into settings.

The layout is Open-LLM-VTuber's, so that its files are read as they are: what we support of it is moved to where our
settings have it, what we do not is named in one warning. Every value keeps the file and line that it comes from.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ai_chat.config_manager.settings import Settings
from ai_chat.problems import ChatProblem

LARGEST = 1_000_000  # bytes of a file
VARIABLE = re.compile(r"\$\{(\w+)\}")
PREFIX = "AI_CHAT_"
LOCAL_TOOLS = {"local": {"command": sys.executable, "args": ["-m", "ai_chat.mcpp.local_tools"]}}
OURS = ("system", "limits", "history", "mcp_servers")
CHARACTER_KEYS = (
    *("conf_name", "conf_uid", "character_name", "human_name", "avatar", "live2d_model_name", "persona_prompt"),
    *("memory", "llm", "tts"),
)


class ConfigProblem(ChatProblem):
    """A configuration that cannot be used."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and what their sources have that is not supported."""

    settings: Settings
    ignored: tuple[str, ...]


@dataclass(slots=True)
class Tree:
    """Values by dotted key, each with its place."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)

    def put(self, key: str, value: Any, place: tuple[str, int]) -> None:
        """Put a value, in place of one that is there."""
        self.values[key] = value
        self.places[key] = place

    def place(self, key: str) -> tuple[str, int]:
        """Where a key, or the nearest one above it, comes from."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return self.places.get(key, ("", 0))

    def nested(self) -> dict[str, Any]:
        """The values as tables in tables."""
        whole: dict[str, Any] = {}
        for key, value in self.values.items():
            *above, last = key.split(".")
            table = whole
            for name in above:
                table = table.setdefault(name, {})
            table[last] = value
        return whole


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Loaded:
    """The settings of a file, of what lies beside it, and of the environment. Raises `ConfigProblem`."""
    tree, ignored = Tree(), list[str]()
    raw = read_yaml(path, environment) if path is not None else Tree()
    _take(raw, tree, ignored, "character.")
    folder = path.parent if path is not None else Path()
    if not any(key.startswith("mcp_servers.") for key in tree.values):
        _take_mcp_servers(folder / "mcp_servers.json", tree)
    _take_environment(environment, tree)
    whole = tree.nested()
    whole["characters"] = _characters(folder, raw, whole, environment, ignored)
    if "mcp_servers" not in whole:
        whole["mcp_servers"] = LOCAL_TOOLS
    try:
        settings = Settings.model_validate(whole)
    except ValidationError as err:
        raise _as_problem(err, tree) from None
    return Loaded(settings, tuple(ignored))


def read_yaml(path: Path, environment: Mapping[str, str]) -> Tree:
    """The leaves of a file by dotted key. Raises `ConfigProblem`; runs no tag, follows no alias."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigProblem("config-large", path=path)
        source = path.read_text(encoding="utf-8")
        for event in yaml.parse(source, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
                raise ConfigProblem(
                    "config-alias", path=path, line=(event.start_mark.line if event.start_mark else 0) + 1
                )
        root = yaml.compose(source, yaml.SafeLoader)
    except FileNotFoundError as err:
        raise ConfigProblem("config-missing", path=path) from err
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigProblem(
            "config-unreadable", path=path, problem=getattr(err, "strerror", "") or "not UTF-8"
        ) from err
    except yaml.MarkedYAMLError as err:
        line = (err.problem_mark.line if err.problem_mark else 0) + 1
        raise ConfigProblem("config-syntax", path=path, line=line, problem=err.problem) from err
    except yaml.YAMLError as err:
        raise ConfigProblem("config-syntax", path=path, line=1, problem="a character that YAML does not allow") from err
    tree = Tree()
    if root is not None:
        for key, node in _leaves(root, "", path):
            value = yaml.SafeLoader("").construct_object(node, deep=True)
            place = (str(path), node.start_mark.line + 1)
            tree.put(key, _filled(value, key, place, environment), place)
    return tree


def _leaves(node: yaml.Node, prefix: str, path: Path) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        if not prefix:
            raise ConfigProblem("config-not-a-table", path=path, line=node.start_mark.line + 1, key="the file")
        yield prefix, node
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            raise ConfigProblem("config-duplicate", path=path, line=key.start_mark.line + 1, key=name)
        seen.add(name)
        yield from _leaves(value, f"{prefix}.{name}" if prefix else name, path)


def _filled(value: Any, key: str, place: tuple[str, int], environment: Mapping[str, str]) -> Any:
    """A text with the environment variables that it names."""
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise ConfigProblem("config-no-variable", path=place[0], line=place[1], key=key, name=found[1])
        return environment[found[1]]

    return VARIABLE.sub(fill, value)


def _take(raw: Tree, tree: Tree, ignored: list[str], character: str) -> None:
    """Move what is supported to where the settings have it, and note the rest."""
    provider = raw.values.get("character_config.agent_config.agent_settings.basic_memory_agent.llm_provider")
    for key, value in raw.values.items():
        place = raw.places[key]
        target = _target(key, str(provider or ""), character)
        if target:
            tree.put(target, value, place)
        elif target is None:
            ignored.append(f"{key} ({Path(place[0]).name}:{place[1]})")
    if provider:
        at = raw.place("character_config.agent_config.agent_settings.basic_memory_agent.llm_provider")
        chosen = provider if provider in ("scripted", "openai_compatible") else "openai_compatible"
        tree.put(f"{character}llm.provider", chosen, at)


AGENT = "character_config.agent_config."
BASIC = AGENT + "agent_settings.basic_memory_agent."
SYSTEM_KEYS = ("host", "port", "enable_proxy", "config_alts_dir", "token", "allowed_origins")
KNOWN = ("system_config.conf_version", BASIC + "llm_provider", AGENT + "conversation_agent_choice")
LLM_NAMES = {"base_url": "base_url", "llm_api_key": "api_key", "model": "model", "temperature": "temperature"}


def _target(key: str, provider: str, character: str) -> str | None:
    """Where our settings have a key; empty for one that is known and says nothing more, None for an unsupported one."""
    section, _, rest = key.partition(".")
    if section in OURS:
        return key
    if section == "system_config" and rest.split(".")[0] in SYSTEM_KEYS:
        return f"system.{rest}"
    if section == "character_config" and rest.split(".")[0] in CHARACTER_KEYS:
        return character + rest
    if key in (BASIC + "use_mcpp", BASIC + "mcp_enabled_servers"):
        return character + key.removeprefix(BASIC)
    of_llm = key.removeprefix(AGENT + "llm_configs.")
    if of_llm != key:
        name, _, setting = of_llm.partition(".")
        if name == provider and setting in LLM_NAMES:
            return f"{character}llm.{LLM_NAMES[setting]}"
        return "" if name != provider else None
    return "" if key in KNOWN else None


def _take_mcp_servers(path: Path, tree: Tree) -> None:
    if not path.is_file():
        return
    try:
        servers = json.loads(path.read_text(encoding="utf-8"))["mcp_servers"]
        for name, one in servers.items():
            for key in ("command", "args", "env", "url"):
                if key in one:
                    tree.put(f"mcp_servers.{name}.{key}", one[key], (str(path), 1))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        raise ConfigProblem("config-unreadable", path=path, problem=type(err).__name__) from err


def _take_environment(environment: Mapping[str, str], tree: Tree) -> None:
    for name, text in environment.items():
        if name.startswith(PREFIX) and name != f"{PREFIX}LANG":
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            value = yaml.safe_load(text) if text.startswith(("[", "{")) else text
            tree.put(key, value, (name, 0))


def _characters(
    folder: Path, base: Tree, whole: dict[str, Any], environment: Mapping[str, str], ignored: list[str]
) -> list[dict[str, Any]]:
    """The alternatives: each file of the characters' folder, laid over the character of conf.yaml."""
    alternatives = folder / str(whole.get("system", {}).get("config_alts_dir", "characters"))
    found, seen = [], {str(whole.get("character", {}).get("conf_uid", "default"))}
    for path in sorted(alternatives.glob("*.yaml")) if alternatives.is_dir() else ():
        tree = Tree()
        _take(base, tree, [], "")
        own = read_yaml(path, environment)
        _take(own, tree, ignored, "")
        one = {key: value for key, value in tree.nested().items() if key not in OURS}
        one["file"] = path.name
        if "conf_uid" not in one or f"{one['conf_uid']}" in seen:
            line = own.place("character_config.conf_uid")[1] or 1
            raise ConfigProblem("config-twice", path=path, line=line, value=one.get("conf_uid", "default"))
        seen.add(str(one["conf_uid"]))
        found.append(one)
    return found


def _as_problem(err: ValidationError, tree: Tree) -> ConfigProblem:
    """The first thing that does not fit, with its place and without its value, which may be a secret."""
    first = err.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    path, line = tree.place(key)
    problem = str(first["msg"]).rstrip(".")
    if path.startswith(PREFIX):
        return ConfigProblem("config-environment", name=path, problem=problem)
    return ConfigProblem("config-value", path=path or "conf.yaml", line=line, key=key, problem=problem)
