"""A session's clean-up stands after a wait: a client that leaves cancels the wait, and the clean-up never runs."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.module import Module
from overstay.scan.python.paths import after, can_be_left, last_name
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_RELEASING = frozenset(
    ("close", "aclose", "release", "terminate", "kill", "cleanup", "unlink", "disconnect", "shutdown", "stop", "cancel")
)
_ENDS_TASKS = re.compile(r"cancel|^(shield|gather|wait|sleep)$")
_TAKING = frozenset(("pop", "discard", "remove"))


def check(unit: Unit) -> Iterator[Match]:
    """Yield the clean-ups after a wait outside of `finally`, and those after another wait in the same `finally`."""
    module = unit.module
    for node in module.of(ast.AsyncFunctionDef):
        for statement in module.own(node):
            if isinstance(statement, ast.Assign):
                yield from _skipped_after(statement, unit)
    for attempt in module.of(ast.Try):
        if unit.project.sessions.is_per_client(unit.project.function_around(module, attempt)):
            yield from _skipped_in(attempt, module)


def _skipped_after(opening: ast.Assign, unit: Unit) -> Iterator[Match]:
    """Yield the statement that releases what an assignment opened, where a wait stands between them."""
    module, target, value = unit.module, opening.targets[0], opening.value
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Call):
        return
    waits = None
    for statement in after(opening, module):
        released = _released(statement)
        if released is not None and isinstance(released.func, ast.Attribute) and _names(released.func, target.id):
            if waits is not None and last_name(released.func) in _RELEASING - {"cancel"}:
                told = ("rule.cleanup-cancellation-can-skip.waits", {"line": waits.lineno})
                yield module.match(statement, told, name=ast.unparse(released.func))
            return
        if waits is None and can_be_left(statement) and not isinstance(statement, ast.Try):
            waits = statement


def _names(function: ast.Attribute, name: str) -> bool:
    return isinstance(function.value, ast.Name) and function.value.id == name


def _released(statement: ast.stmt) -> ast.Call | None:
    """Return the call of a statement that only calls."""
    if not isinstance(statement, ast.Expr):
        return None
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    return value if isinstance(value, ast.Call) else None


def _skipped_in(attempt: ast.Try, module: Module) -> Iterator[Match]:
    """Yield the first release of a `finally` that stands after another one that waits."""
    for statement in attempt.finalbody:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Await)):
            continue
        waited = _released(statement)
        if waited is None or _ENDS_TASKS.search(last_name(waited.func)):
            continue
        for later in after(statement, module):
            call = _released(later)
            if call is not None and last_name(call.func) in _RELEASING | _TAKING:
                told = ("rule.cleanup-cancellation-can-skip.waits", {"line": statement.lineno})
                yield module.match(later, told, name=ast.unparse(call.func))
                return
        return


RULE = Rule("cleanup-cancellation-can-skip", "python", "object", "warning", check, is_hint=True)
