"""Switches of the configuration, and whether the code that they switch runs for this user.

A switch is a boolean setting named `enable_x`, `use_x`, `x_enabled`, `x_mode`, or `enabled` in a group `x`. It decides
about the files whose path has all the words of `x`: `enable_proxy` about `proxy_message_queue.py`.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from overstay.checks.configuration_files import Setting
from overstay.checks.project import Project
from overstay.checks.sources import Module, called, dotted
from overstay.findings import AffectsYou
from overstay.messages import Speaker

_NAMED = re.compile(
    r"(?:enable|enabled|use|with)_(?P<front>\w+?)(?:_mode)?|(?P<back>\w+?)_(?:enabled?|mode)|(?P<group>enabled?)"
)
_CONFIGURATION = re.compile(r"conf|settings|options|args", re.IGNORECASE)
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_TOO_WIDE = {"debug", "verbose", "all", "log", "logs", "logging", "it", "true", "server", "app", "main", "utils"}


@dataclass(frozen=True, slots=True)
class Switch:
    """What one or more settings say about one subject; `state` is None when nobody can tell."""

    name: str
    words: frozenset[str]
    state: bool | None
    where: str


def affects_you(path: str, project: Project, say: Speaker) -> AffectsYou:
    """Tell whether the code of a file runs for this user; the most particular of the switches about it decides."""
    about = words_of(path.rpartition(".")[0])
    deciding = [switch for switch in switches(project) if switch.words <= about]
    if not deciding:
        return AffectsYou("yes", "")
    switch = max(deciding, key=lambda each: len(each.words))
    if switch.state is None:
        return AffectsYou("unknown", say("check.switch.unknown", name=switch.name, where=switch.where))
    state = say("check.switch.on" if switch.state else "check.switch.off", name=switch.name, where=switch.where)
    return AffectsYou("yes" if switch.state else "no", state)


@lru_cache(maxsize=1)
def switches(project: Project) -> list[Switch]:
    """Return the switches of the configuration, and those that only the code knows."""
    grouped: dict[frozenset[str], list[Setting]] = {}
    for setting in project.configuration.settings:
        words = _subject(setting)
        if words and truth(setting.value) is not None:
            grouped.setdefault(words, []).append(setting)
    known = [_configured(words, settings) for words, settings in grouped.items()]
    return known + [switch for switch in _in_code(project) if switch.words not in grouped]


def _configured(words: frozenset[str], settings: list[Setting]) -> Switch:
    """Return one switch: on as soon as one file switches it on, for any of them may be the one in use."""
    told = [setting for setting in settings if truth(setting.value)] or settings
    return Switch(told[0].key, words, truth(told[0].value), told[0].where)


def truth(value: object) -> bool | None:
    """Return what a value means as a switch, also when it was written as a text; None when it means nothing."""
    return _TRUTHS.get(str(value).lower())


def words_of(text: str) -> frozenset[str]:
    """Return the words of a path or a name, in small letters."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return frozenset(word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word)


def _subject(setting: Setting) -> frozenset[str]:
    named = _NAMED.fullmatch(setting.key)
    if named is None:
        return frozenset()
    words = words_of(named["front"] or named["back"] or setting.group.rpartition(".")[2])
    return frozenset() if words & _TOO_WIDE else words - {"config"}


def _in_code(project: Project) -> list[Switch]:
    """Return the switches that the code reads: their defaults hold where no file says anything."""
    found: dict[frozenset[str], Switch] = {}
    for module in project.sources.mentioning("enable_", "ENABLE_"):
        for name, default, node in _defaults(module):
            is_switch = name.lower().startswith("enable_")
            words = _subject(Setting(name, None, module.path, 1)) if is_switch else frozenset()
            where = f"{module.path}:{getattr(node, 'lineno', 1)}"
            if words and (words not in found or found[words].state is None):
                found[words] = Switch(name, words, default, where)
    return list(found.values())


def _defaults(module: Module) -> Iterable[tuple[str, bool | None, ast.AST]]:
    """Yield the names that look like switches, with their defaults where the code has them."""
    for node in module.nodes():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, _boolean(node.value), node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, _boolean(node.value), node
        elif called(node) in ("get", "getenv", "getattr") and isinstance(node, ast.Call):
            names = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if names:
                yield names[0], _boolean(node.args[-1]), node
        elif isinstance(node, ast.Attribute) and _CONFIGURATION.search(dotted(node.value)):
            yield node.attr, None, node


def _boolean(node: ast.expr | None) -> bool | None:
    """Return the truth that an expression is, or that a field has as its default."""
    if isinstance(node, ast.Constant):
        return truth(node.value)
    if isinstance(node, ast.Call) and called(node) == "Field":
        defaults = [each.value for each in node.keywords if each.arg == "default"] or node.args[:1]
        return _boolean(defaults[0]) if defaults else None
    return None
