"""Each client gets a thread that runs for ever: nothing tells it to end."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.definitions import Function
from overstay.scan.python.holders import fate_of
from overstay.scan.python.paths import within
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_STARTERS = ("threading.Thread", "_thread.start_new_thread")
_JOINING = frozenset(("join",))
_CLOCK = re.compile(r"(^|\.)(time|monotonic|perf_counter|now|utcnow)$")


def check(unit: Unit) -> Iterator[Match]:
    """Yield the threads of code that runs for each client whose loop has no way out, and that nothing joins."""
    module = unit.module
    for call in module.calls("Thread", "start_new_thread"):
        if module.resolve(call.func) not in _STARTERS or not unit.project.sessions.runs_per_client(call, module):
            continue
        target = _target(call, unit)
        if target is not None and _is_endless(target, unit) and fate_of(call, module, unit.project, _JOINING).how:
            told = ("rule.thread-per-connection.endless", {"function": target.name})
            is_hint = not _is_begun(unit.project.function_around(module, call), unit)
            yield module.match(call, told, is_hint=is_hint, function=target.name)


def _is_begun(function: Function | None, unit: Unit) -> bool:
    """Tell whether anything in the project calls the function that starts the thread, or it is a handler itself."""
    return function is not None and (
        unit.project.sessions.is_handler(function)
        or any(unit.project.calls_of(function))
        or function.name == "__init__"
    )


def _target(call: ast.Call, unit: Unit) -> Function | None:
    named = next((each.value for each in call.keywords if each.arg == "target"), None)
    if named is None and call.args:
        named = call.args[0]
    found = unit.project.target(named, unit.module) if named is not None else None
    return found if isinstance(found, Function) else None


def _is_endless(function: Function, unit: Unit) -> bool:
    """Tell whether a function has a loop without a way out: no break, no return, no condition that anything changes."""
    loops = [each for each in function.nodes if isinstance(each, ast.While)]
    return any(not _can_leave(loop) and not _can_change(loop.test, function, unit) for loop in loops)


def _can_leave(loop: ast.While) -> bool:
    return any(isinstance(each, ast.Break | ast.Return | ast.Raise) for each in within(loop))


def _can_change(test: ast.expr, function: Function, unit: Unit) -> bool:
    """Tell whether something outside the loop changes its condition: a flag that is assigned, an event that is set."""
    calls = [each for each in ast.walk(test) if isinstance(each, ast.Call)]
    if any(_is_given(each.func, function) for each in calls):
        return True  # an event or a queue that whoever starts the thread has, too
    if any(_CLOCK.search(ast.unparse(each.func)) for each in calls):
        return True  # a deadline
    names = {each.attr for each in ast.walk(test) if isinstance(each, ast.Attribute)} - {"is_set"}
    if not names:
        return not isinstance(test, ast.Constant)
    for module in unit.project.modules if function.owner else ():
        for name in names:
            for mention in module.attributes(name):
                if unit.project.function_around(module, mention) not in (function, _init(function)):
                    return True
    return False


def _is_given(called: ast.expr, function: Function) -> bool:
    thing = called.value if isinstance(called, ast.Attribute) else called
    return isinstance(thing, ast.Name) and thing.id in function.parameters and thing.id != "self"


def _init(function: Function) -> Function | None:
    return function.owner.methods.get("__init__") if function.owner else None


RULE = Rule("thread-per-connection", "python", "thread", "severe", check)
