"""Settings from environment variables, named as pydantic-settings names them: AI_CHAT_SYSTEM__PORT."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ai_chat.config_manager.layout import Unsupported
from ai_chat.config_manager.problems import ConfigProblem
from ai_chat.config_manager.settings import Settings
from ai_chat.config_manager.tree import Leaf, Place

Variable = tuple[tuple[str, ...], Leaf]

PREFIX = "AI_CHAT_"
SECTIONS = tuple(name for name in Settings.model_fields if name != "characters")
KEEPING_CASE = 3  # levels of mcp_servers.NAME.env, below which a name keeps its case


def variables(environment: Mapping[str, str]) -> Iterator[Variable]:
    """The settings' keys and values that variables have. Raises `ConfigProblem` for JSON that is none."""
    for name in sorted(environment):
        key = _key(name)
        if _is_setting(key):
            yield from _leaves(key, _value(name, environment[name]), Place(name, 0, name))


def unsupported_variables(environment: Mapping[str, str]) -> Iterator[Unsupported]:
    """The variables with our prefix that are no setting."""
    for name in sorted(environment):
        key = _key(name)
        if key and not _is_setting(key):
            yield Unsupported(Place(name, 0, name), _hint(key))


def _is_setting(key: tuple[str, ...]) -> bool:
    return bool(key) and key[0] in SECTIONS and key != ("character", "file")  # a file is named by its place


def _leaves(key: tuple[str, ...], value: Any, place: Place) -> Iterator[Variable]:
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _leaves((*key, name), below, place)
    else:
        yield key, Leaf(value, place)


def _key(name: str) -> tuple[str, ...]:
    if not name.startswith(PREFIX) or name == PREFIX:
        return ()
    parts = name.removeprefix(PREFIX).split("__")
    lower = tuple(part.lower() for part in parts)
    if lower[0] == "mcp_servers" and lower[2:KEEPING_CASE] == ("env",):
        return (*lower[:KEEPING_CASE], *parts[KEEPING_CASE:])
    return lower


def _value(name: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigProblem("config-variable-json", name=name) from None


def _hint(key: tuple[str, ...]) -> str:
    """The variable that may have been meant: a section's name set right, or the section of a key without one."""
    section = difflib.get_close_matches(key[0], SECTIONS, 1)
    if section and key != ("character", "file"):
        return PREFIX + "__".join((section[0], *key[1:])).upper()
    for name in SECTIONS:
        model = Settings.model_fields[name].annotation
        if len(key) == 1 and key[0] in getattr(model, "model_fields", {}):
            return f"{PREFIX}{name}__{key[0]}".upper()
    return ""
