"""When one of several tasks ends or fails, the others run on, and nobody cancels them."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.definitions import Function, bound
from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.paths import last_name
from overstay.scan.python.tasks import is_task_start
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_MESSAGES = re.compile(r"web_?socket|\bws\b|iter_|subscri|listen|messages\(")


def check(unit: Unit) -> Iterator[Match]:
    """Yield the waits whose pending tasks are forgotten, and the gathers of endless functions that nothing cancels."""
    module = unit.module
    for call in module.calls("wait"):
        if module.resolve(call.func) == "asyncio.wait" and _forgets_pending(call, module):
            yield module.match(call, ("rule.gather-orphans-siblings.pending", {}), call="asyncio.wait")
    for call in module.calls("gather"):
        if module.resolve(call.func) == "asyncio.gather" and isinstance(module.parent(call), ast.Await):
            endless = _endless(call, unit)
            if len(call.args) > 1 and endless is not None and not _is_tidied(call, module):
                told = ("rule.gather-orphans-siblings.endless", {"function": endless.name})
                yield module.match(call, told, call="asyncio.gather")


def _forgets_pending(call: ast.Call, module: Module) -> bool:
    """Tell whether a wait that may return early drops the set of what is still running."""
    early = {each.arg for each in call.keywords} & {"timeout", "return_when"}
    if not early or any(
        "ALL_COMPLETED" in ast.unparse(each.value) for each in call.keywords if each.arg == "return_when"
    ):
        return False
    function = module.function(call)
    if (
        function is None
        or "main" in module.name_of(function)
        or _cancels(function)
        or not _starts_them(call, function, module)
    ):
        return False
    awaited = module.parent(call)
    statement = module.parent(awaited) if awaited is not None else None
    if isinstance(statement, ast.Expr):
        return "timeout" not in early or "return_when" in early
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Tuple):
        return False
    pending = statement.targets[0].elts[-1]
    loads = [each for each in ast.walk(function) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
    return isinstance(pending, ast.Name) and not any(each.id == pending.id for each in loads)


def _cancels(function: FunctionNode) -> bool:
    return any("cancel" in last_name(each) for each in ast.walk(function))


def _starts_them(call: ast.Call, function: FunctionNode, module: Module) -> bool:
    """Tell whether the function itself starts what it waits for; what it was given has another owner."""
    names = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)}
    given = [value for node in module.own(function) for target, value in bound(node) if last_name(target) in names]
    return any(is_task_start(each, module) for part in (call, *given) for each in ast.walk(part))


def _endless(call: ast.Call, unit: Unit) -> Function | None:
    """Return the first function among the gathered ones that has a loop without end, or over messages."""
    for argument in call.args:
        inner = argument.args[0] if isinstance(argument, ast.Call) and _is_task(argument) else argument
        for callee in unit.project.callees(inner, unit.module) if isinstance(inner, ast.Call) else ():
            if any(_is_endless(each) for each in callee.nodes):
                return callee
    return None


def _is_task(node: ast.Call) -> bool:
    return last_name(node.func) in ("create_task", "ensure_future") and bool(node.args)


def _is_endless(node: ast.AST) -> bool:
    if isinstance(node, ast.AsyncFor):
        return _MESSAGES.search(ast.unparse(node.iter)) is not None
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _is_tidied(call: ast.Call, module: Module) -> bool:
    """Tell whether the function cancels, or the gather waits for all whatever happens."""
    function = module.function(call)
    if any(each.arg == "return_exceptions" for each in call.keywords):
        return True
    return function is not None and _cancels(function)


RULE = Rule("gather-orphans-siblings", "python", "task", "warning", check, is_hint=True)
