"""Tasks and timers that a class starts, and whether anything of it ever ends them."""

import ast
from collections.abc import Iterator

from overstay.checks.sources import Module, called, dotted
from overstay.checks.unowned import STARTERS, unowned_tasks
from overstay.findings import Site

_TIMERS = ("call_later", "call_at")


def endless(module: Module) -> Iterator[Site]:
    """Yield the lines that start a task or a timer which is dropped, or kept and never cancelled."""
    yield from unowned_tasks(module)
    for scope in module.nodes():
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _in_function(scope, module)


def starts(module: Module) -> bool:
    """Tell whether a module starts any task or timer."""
    return any(called(node) in (*STARTERS, *_TIMERS) for node in module.nodes())


def _in_function(function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Iterator[Site]:
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and called(node.value) in _TIMERS:
            yield module.site(node)
        if not (isinstance(node, ast.Assign) and called(node.value) in (*STARTERS, *_TIMERS)):
            continue
        for target in node.targets:
            name = dotted(target)
            if isinstance(target, ast.Name):
                is_ended = any(_loads(inner, target.id) for inner in ast.walk(function))
            else:
                is_ended = not name or name in _cancelled(module)
            if not is_ended:
                yield module.site(node)


def _loads(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _cancelled(module: Module) -> set[str]:
    """Return the names on which `cancel` is called, those that are handed to what a loop or a tuple goes through."""
    names: set[str] = set()
    for node in module.nodes():
        if called(node) == "cancel" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.add(dotted(node.func.value))
        elif isinstance(node, ast.For | ast.AsyncFor) and "cancel" in ast.unparse(node):
            names |= {dotted(inner) for inner in ast.walk(node.iter) if isinstance(inner, ast.Attribute)}
        elif isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and isinstance(node.value, ast.Attribute):
            # `task = self._task` or `task, self._task = self._task, None`: whoever takes it out ends it.
            names.add(dotted(node.value))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            names |= {dotted(inner) for inner in node.value.elts if isinstance(inner, ast.Attribute)}
    return names
