"""Something is closed only if it has a method of that name: what spells it otherwise stays open silently."""

import ast
from collections.abc import Iterator

from overstay.scan.python.endings import CLOSERS
from overstay.scan.python.paths import within
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_CLOSERS = CLOSERS | {"cancel", "kill", "join"}


def check(unit: Unit) -> Iterator[Match]:
    """Yield the `if hasattr(x, "close")` that call it, and do nothing where it is not there."""
    module = unit.module
    for call in module.calls("hasattr"):
        test = module.statement(call)
        if len(call.args) != 2 or not isinstance(test, ast.If) or test.orelse or _is_alternative(test, unit):
            continue
        if call not in list(ast.walk(test.test)):
            continue
        thing, name = call.args
        if isinstance(name, ast.Constant) and name.value in _CLOSERS and _is_needed(thing, str(name.value), unit):
            wanted = f"{ast.unparse(thing)}.{name.value}"
            if any(_calls(each, wanted) for inner in test.body for each in within(inner)):
                yield module.match(call, name=ast.unparse(thing), closer=name.value)


def _is_alternative(test: ast.If, unit: Unit) -> bool:
    """Tell whether an `if` is the `elif` of another one."""
    above = unit.module.parent(test)
    return isinstance(above, ast.If) and test in above.orelse


def _is_needed(thing: ast.expr, name: str, unit: Unit) -> bool:
    """Tell whether it is unknown that the thing has the method: where its class is known to, the guard does no harm."""
    function = unit.project.function_around(unit.module, thing)
    if isinstance(thing, ast.Name) and function is not None:
        made = function.bindings.get(thing.id, [])
        if any(isinstance(each, ast.Call | ast.Await) for each in made):
            return False  # of a library's objects, some have it
    owner = unit.project.types.of(thing, unit.module)
    return owner is None or unit.project.method(owner, name) is None


def _calls(node: ast.AST, wanted: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == wanted


RULE = Rule("hasattr-close-guard", "python", "object", "warning", check, is_hint=True)
