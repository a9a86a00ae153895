"""A timer's callback arms the timer again, and nothing cancels the newest handle: it beats for ever."""

import ast
from collections.abc import Iterator

from overstay.scan.python.definitions import Function
from overstay.scan.python.holders import fate_of
from overstay.scan.python.module import FunctionNode
from overstay.scan.python.paths import after, block_of
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_CANCELLING = frozenset(("cancel",))
_OF_THREADS = "threading.Timer"


def check(unit: Unit) -> Iterator[Match]:
    """Yield the timers that a function arms with itself, on every way through it, and that nothing cancels."""
    module = unit.module
    for call in module.calls("call_later", "call_at", "Timer"):
        function = unit.project.function_around(module, call)
        is_timer = module.resolve(call.func) == _OF_THREADS or isinstance(call.func, ast.Attribute)
        if function is None or not is_timer or len(call.args) < 2 or not _is_itself(call.args[1], function, unit):
            continue
        if _is_unconditional(call, unit) and fate_of(call, module, unit.project, _CANCELLING).how:
            is_hint = function.owner is None and not unit.project.sessions.is_per_client(function)
            yield module.match(call, is_hint=is_hint, function=function.name)


def _is_itself(callback: ast.expr, function: Function, unit: Unit) -> bool:
    if isinstance(callback, ast.Lambda):
        calls = [each for each in ast.walk(callback.body) if isinstance(each, ast.Call)]
        return any(_is_itself(each.func, function, unit) for each in calls)
    if isinstance(callback, ast.Call):  # functools.partial(self._beat, …)
        return bool(callback.args) and _is_itself(callback.args[0], function, unit)
    return unit.project.target(callback, unit.module) is function


def _is_unconditional(call: ast.Call, unit: Unit) -> bool:
    """Tell whether no condition stands before the timer: none around it, and none before it that returns."""
    module = unit.module
    statement = module.statement(call)
    for above in module.ancestors(statement):
        if isinstance(above, FunctionNode):
            break
        if isinstance(above, ast.If | ast.While | ast.For):
            return False
    before = block_of(statement, module)
    before = before[: len(before) - len(after(statement, module)) - 1]
    return not any(isinstance(each, ast.Return) for earlier in before for each in ast.walk(earlier))


RULE = Rule("timer-reschedules-itself", "python", "timer", "severe", check)
