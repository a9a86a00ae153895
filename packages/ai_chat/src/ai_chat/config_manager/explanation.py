"""Turns what pydantic found into the parts of one sentence: the place, the value, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ai_chat.config_manager.problems import ConfigProblem, quoted
from ai_chat.config_manager.settings import Settings
from ai_chat.config_manager.tree import Leaf, Place, Table

SECRETS = {"token", "api_key", "url", "base_url", "env", "args"}
BOUNDS = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", "≥"),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "≤"),
}
TYPES = {
    "int": "config-whole-number",
    "float": "config-number",
    "bool": "config-true-or-false",
    "tuple": "config-list",
    "dict": "config-table",
    "model": "config-table",
}


def explain(err: ValidationError, tree: Table, characters: Sequence[Table]) -> ConfigProblem:
    """The first thing that does not fit, with its place, and without its value where that may be a secret."""
    first = err.errors(include_url=False, include_input=False)[0]
    loc: tuple[int | str, ...] = first["loc"]
    if loc[0] == "characters" and len(loc) > 1:
        tree, loc = characters[int(loc[1])], ("character", *loc[2:])
    node = tree.nearest(loc)
    place = node.place
    values: dict[str, Any] = {"place": place, "path": place.source, "line": place.line, "key": place.key}
    if first["type"] == "extra_forbidden":
        return _unknown(loc, place, values)
    return _wrong(first, {**values, "value": _shown(node, loc)})


def _wrong(first: ErrorDetails, values: dict[str, Any]) -> ConfigProblem:
    kind, context = first["type"], first.get("ctx", {})
    if kind == "literal_error":
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return ConfigProblem("config-choice", choices=choices, **values)
    if kind in BOUNDS:
        name, sign = BOUNDS[kind]
        return ConfigProblem("config-bound", bound=f"{sign} {context[name]:g}", **values)
    if kind == "finite_number":
        return ConfigProblem("config-bound", bound="< ∞", **values)
    if kind == "too_short":
        return ConfigProblem("config-empty", **values)
    return ConfigProblem(TYPES.get(kind.partition("_")[0], "config-text"), **values)


def _shown(node: Leaf | Table, loc: tuple[int | str, ...]) -> str:
    if isinstance(node, Table):
        return "{…}"
    if node.is_secret or SECRETS.intersection(loc):
        return "***"
    value = node.value
    for part in loc:
        if isinstance(part, int) and isinstance(value, list) and part < len(value):
            value = value[part]
    return quoted(value)


def _unknown(loc: tuple[int | str, ...], place: Place, values: dict[str, Any]) -> ConfigProblem:
    """A key that the settings do not have, with the one that may have been meant, or all there are."""
    known = [name for name in _keys_at(loc[:-1]) if name != "file"]
    close = difflib.get_close_matches(str(loc[-1]), known, 1)
    if not close:
        return ConfigProblem("config-unknown-key", known=", ".join(known), **values)
    hint = close[0] if place.line else f"{place.source.rpartition('__')[0]}__{close[0].upper()}"
    return ConfigProblem("config-misspelt-key", hint=hint, **values)


def _keys_at(loc: Sequence[int | str]) -> list[str]:
    model: Any = Settings
    for part in loc:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[str(part)].annotation
        else:  # the tables of mcp_servers are named by their writer
            model = get_args(model)[-1]
    return list(model.model_fields)
