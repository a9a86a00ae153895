"""For each message all earlier ones are written again: the work of a message grows with those before it."""

import ast
from collections.abc import Iterator

from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.paths import last_name, mentions
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_DUMPERS = ("dump", "dumps", "safe_dump")
_LIBRARIES = ("json", "yaml", "pickle", "orjson", "ujson", "tomli_w", "toml", "msgpack")
_ADDING = frozenset(("append", "extend", "insert", "appendleft"))


def check(unit: Unit) -> Iterator[Match]:
    """Yield the dumps of a whole list, in a function that adds to that list and writes it to a file."""
    module = unit.module
    for call in module.calls(*_DUMPERS):
        function = module.function(call)
        library = module.resolve(call.func).partition(".")[0]
        if function is None or library not in _LIBRARIES or not call.args or not _writes(function, module):
            continue
        name = _whole(call.args[0])
        if name and _grows(name, function, unit):
            yield module.match(call, name=name)


def _whole(node: ast.expr) -> str:
    """Return the name of what is dumped whole; empty for what is made in place, such as one message."""
    if isinstance(node, ast.Call) and last_name(node.func) == "list" and node.args:
        return _whole(node.args[0])
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _writes(function: FunctionNode, module: Module) -> bool:
    for call in (each for each in module.own(function) if isinstance(each, ast.Call)):
        if last_name(call.func) == "open" and any(_is_writing(each) for each in (*call.args, *_values(call))):
            return True
        if last_name(call.func) in ("write_text", "write_bytes"):
            return True
    return False


def _values(call: ast.Call) -> list[ast.expr]:
    return [each.value for each in call.keywords]


def _is_writing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[:1] == "w"


def _grows(name: str, function: FunctionNode, unit: Unit) -> bool:
    """Tell whether the function adds to what it dumps, or another one to an attribute that nobody shortens."""
    local = unit.project.function(function).bindings.get(name, [])
    if any(isinstance(each, ast.List | ast.ListComp) for each in local):
        return False  # made here, and not what earlier messages left
    adds = (each for each in unit.module.own(function) if isinstance(each, ast.Call))
    for call in adds:
        if isinstance(call.func, ast.Attribute) and call.func.attr in _ADDING and mentions(call.func.value, name):
            return True
    shared = next((each for each in unit.project.containers if each.owner is unit.module and each.name == name), None)
    if shared is not None:
        return (
            any(each.depth == 0 and each.is_addition and each.function for each in shared.fills) and not shared.empties
        )
    node = ast.parse(name, mode="eval").body
    if not isinstance(node, ast.Attribute):
        return False
    owner = unit.project.class_around(unit.module, function)
    for container in unit.project.containers:
        if container.owner is owner and container.name == node.attr and container.kind == "list":
            adding = [each for each in container.fills if each.depth == 0 and each.is_addition]
            return bool(adding) and not container.empties
    return False


RULE = Rule("history-rewritten", "python", "latency", "severe", check, suspect=5)
