"""A task is started, and nothing that lives on refers to it: no one can cancel it or wait for it."""

import ast
from collections.abc import Iterator

from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.tasks import is_starter, task_starts
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_LATER = ("call_later", "call_at", "call_soon", "call_soon_threadsafe", "add_signal_handler", "add_done_callback")
_NOT_OWNING = frozenset(("add_done_callback", "set_name", "get_name", "get_coro", "done"))
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def check(unit: Unit) -> Iterator[Match]:
    """Yield the starts whose task is dropped, kept in a local name only, or made by a callback that drops it."""
    module = unit.module
    for call in task_starts(module):
        how = _how_lost(call, module)
        if how:
            told: tuple[str, dict[str, object]] = (f"rule.task-without-owner.{how}", {})
            yield module.match(call, told, is_hint=_is_outside(call, module), call=ast.unparse(call.func))
    for call in module.calls(*_LATER):
        for argument in call.args:
            if is_starter(argument, module):
                yield module.match(call, ("rule.task-without-owner.later", {}), call=ast.unparse(argument))


def _is_outside(call: ast.Call, module: Module) -> bool:
    """Tell whether no client begins a task, but a thread, which gets a future for it, the collector, or a signal."""
    if module.resolve(call.func).endswith("run_coroutine_threadsafe"):
        return True
    around = module.function(call)
    if around is not None and around.name == "__del__":
        return True
    above = [each for each in module.ancestors(call) if isinstance(each, ast.Call)]
    return any(_last(each.func) in ("add_signal_handler", "signal") for each in above)


def _how_lost(call: ast.Call, module: Module) -> str:
    """Return the word for how a task is lost; empty where something may own it."""
    holder = _outermost(call, module)
    parent = module.parent(holder)
    if isinstance(parent, ast.Expr):
        return "dropped"
    if isinstance(parent, ast.Lambda):
        above = module.parent(parent)
        return "later" if isinstance(above, ast.Call) and _last(above.func) in _LATER else ""
    name = _local_name(parent)
    function = module.function(call)
    if not name or (function is None and name != "_"):
        return ""
    return _how_lost_in(function, name, module)


def _outermost(call: ast.Call, module: Module) -> ast.AST:
    """Return what stands for the task: the call, the comprehension of calls, or the call of a method on it."""
    node: ast.AST = call
    parent = module.parent(node)
    while parent is not None:
        if isinstance(parent, _COMPREHENSIONS) and parent.generators[0].iter is not node:
            node = parent
        elif isinstance(parent, ast.Attribute) and parent.attr in _NOT_OWNING:
            node = module.parent(parent) or parent
        elif isinstance(parent, ast.IfExp) and isinstance(module.parent(parent), ast.Expr):
            node = parent
        else:
            return node
        parent = module.parent(node)
    return node


def _local_name(parent: ast.AST | None) -> str:
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0].id
    if isinstance(parent, ast.AnnAssign | ast.NamedExpr) and isinstance(parent.target, ast.Name):
        return parent.target.id
    return ""


def _how_lost_in(function: FunctionNode | None, name: str, module: Module) -> str:
    """Tell how a task in a local name is lost; a name that is used in any way that may keep it is not."""
    if function is None:
        return "dropped"
    inside = list(ast.walk(function))
    if any(isinstance(each, ast.Global | ast.Nonlocal) and name in each.names for each in inside):
        return ""
    uses = [
        each for each in inside if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)
    ]
    if not uses:
        return "local"
    return "callback" if all(_last(module.parent(each)) in _NOT_OWNING for each in uses) else ""


def _last(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


RULE = Rule("task-without-owner", "python", "task", "severe", check, suspect=1)
