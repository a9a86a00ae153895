"""A loop catches its own cancellation and goes on: the session's end cannot end it."""

import ast
from collections.abc import Iterator

from overstay.scan.python.module import Module
from overstay.scan.python.paths import can_be_left, last_name, loop_around, within
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_CANCELLED = ("asyncio.CancelledError", "asyncio.exceptions.CancelledError", "concurrent.futures.CancelledError")


def check(unit: Unit) -> Iterator[Match]:
    """Yield the handlers of cancellation in an endless loop of an async function that neither raise nor leave it."""
    module = unit.module
    for attempt in module.of(ast.Try):
        loop = loop_around(attempt, module)
        if not isinstance(loop, ast.While | ast.AsyncFor) or not _waits(attempt, module) or _drains(loop):
            continue
        for handler in attempt.handlers:
            if _catches(handler.type, module) and not _leaves(handler) and not _leaves_later(handler, loop):
                yield module.match(handler)
                break
            if _catches(handler.type, module):
                break  # what comes after it is not asked any more
    for item in module.of(ast.withitem):
        yield from _suppressed(item, module)


def _waits(attempt: ast.Try, module: Module) -> bool:
    """Tell whether the block waits in its own function, for anything but a task that was cancelled before."""
    if not isinstance(module.function(attempt), ast.AsyncFunctionDef):
        return False
    waits = [each for statement in attempt.body for each in within(statement) if isinstance(each, ast.Await)]
    only_tasks = all(_is_of_a_task(each.value) for each in waits)
    return any(can_be_left(statement) for statement in attempt.body) and not (waits and only_tasks)


def _is_of_a_task(node: ast.expr) -> bool:
    """Tell whether what is awaited is a task that runs already, plainly or behind a shield."""
    if isinstance(node, ast.Call) and last_name(node.func) in ("shield", "wait", "wait_for", "gather") and node.args:
        return not any(isinstance(each, ast.Call) for each in ast.walk(node.args[0]))
    return isinstance(node, ast.Name | ast.Attribute)


def _drains(loop: ast.While | ast.AsyncFor) -> bool:
    """Tell whether a loop waits until a task is done, to put its own cancellation off and not to lose it."""
    return isinstance(loop, ast.While) and any(last_name(each) == "done" for each in ast.walk(loop.test))


def _catches(caught: ast.expr | None, module: Module) -> bool:
    if caught is None:
        return True
    if isinstance(caught, ast.Tuple):
        return any(_catches(each, module) for each in caught.elts)
    return module.resolve(caught) in (*_CANCELLED, "BaseException")


def _leaves(handler: ast.AST) -> bool:
    """Tell whether a handler ends the loop, or the program's flag for it, on some way."""
    return any(isinstance(each, ast.Raise | ast.Break | ast.Return) for each in within(handler))


def _leaves_later(handler: ast.ExceptHandler, loop: ast.While | ast.AsyncFor) -> bool:
    """Tell whether a handler sets a name by which the loop is left further down."""
    given = {each.id for each in within(handler) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    tests = [each for each in within(loop) if isinstance(each, ast.If) and _leaves(each)]
    return any(each.id in given for test in tests for each in ast.walk(test.test) if isinstance(each, ast.Name))


def _suppressed(item: ast.withitem, module: Module) -> Iterator[Match]:
    call = item.context_expr
    block = module.parent(item)
    if (
        not isinstance(call, ast.Call)
        or module.resolve(call.func) != "contextlib.suppress"
        or not isinstance(block, ast.With)
    ):
        return
    in_loop = isinstance(loop_around(block, module), ast.While | ast.AsyncFor)
    waits = [each for statement in block.body for each in within(statement) if isinstance(each, ast.Await)]
    others = [each for each in waits if not _is_of_a_task(each.value)]
    if in_loop and others and any(_catches(each, module) for each in call.args):
        yield module.match(call)


RULE = Rule("cancellation-swallowed", "python", "task", "severe", check)
