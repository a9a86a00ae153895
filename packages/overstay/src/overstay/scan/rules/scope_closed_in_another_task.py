"""A context that must be left by the task that entered it is entered in one method and left in another."""

import ast
from collections.abc import Iterator

from overstay.scan.python.definitions import own_attribute
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_BOUND_TO_TASKS = frozenset(
    (
        *("stdio_client", "sse_client", "streamablehttp_client", "streamable_http_client", "websocket_client"),
        *("ClientSession", "create_task_group", "TaskGroup", "open_nursery", "CancelScope", "timeout", "fail_after"),
        *("move_on_after", "create_connected_server_and_client_session"),
    )
)
_NOT_BOUND = ("aiohttp.",)


def check(unit: Unit) -> Iterator[Match]:
    """Yield the entries into such a context through `self`, by an exit stack or by hand, left by another method."""
    module = unit.module
    for call in module.calls("enter_async_context", "enter_context", "__aenter__", "__enter__"):
        if not isinstance(call.func, ast.Attribute) or not own_attribute(call.func.value):
            continue
        entered = _entered(call, unit)
        leaver = _leaver(call, own_attribute(call.func.value), unit)
        if entered and leaver:
            told = ("rule.scope-closed-in-another-task.left", {"function": leaver})
            yield module.match(call, told, name=entered)


def _entered(call: ast.Call, unit: Unit) -> str:
    """Return the name of the context that is entered, if it is bound to its task."""
    if call.args:
        candidates = [call.args[0]]
    else:
        owner = unit.project.class_around(unit.module, call)
        name = own_attribute(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        candidates = owner.attributes.get(name, []) if owner else []
    function = unit.project.function_around(unit.module, call)
    for each in candidates:
        values = function.bindings.get(each.id, []) if isinstance(each, ast.Name) and function else [each]
        for value in values:
            resolved = unit.module.resolve(value.func) if isinstance(value, ast.Call) else ""
            if resolved.rpartition(".")[2] in _BOUND_TO_TASKS and not resolved.startswith(_NOT_BOUND):
                return resolved.rpartition(".")[2]
    return ""


def _leaver(call: ast.Call, name: str, unit: Unit) -> str:
    """Return the method that leaves what another one has entered; empty where one method does both."""
    owner = unit.project.class_around(unit.module, call)
    entering = unit.project.function_around(unit.module, call)
    for method in owner.methods.values() if owner else ():
        is_other = method is not entering and not method.name.startswith("__")
        if is_other and any(_leaves(node, name) for node in method.nodes):
            return method.name
    return ""


def _leaves(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in ("aclose", "close", "__aexit__", "__exit__") and own_attribute(node.func.value) == name


RULE = Rule("scope-closed-in-another-task", "python", "task", "severe", check, suspect=3)
