"""Each client has a queue without a limit that others fill: one that reads slowly, or has gone, collects everything."""

import ast
from collections.abc import Iterator

from overstay.scan.python.endings import given_names
from overstay.scan.python.paths import last_name, mentions
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_QUEUES = frozenset(("asyncio.Queue", "queue.Queue", "queue.SimpleQueue", "asyncio.PriorityQueue", "asyncio.LifoQueue"))
_SENDING = ("send", "send_text", "send_json", "send_bytes", "send_str", "write", "emit", "yield")
_STORING = frozenset(("add", "append", "setdefault", "subscribe", "register", "attach"))


def check(unit: Unit) -> Iterator[Match]:
    """Yield the queues without a limit of code that runs for each client, where they are given out to be filled."""
    module = unit.module
    for call in module.calls("Queue", "SimpleQueue", "PriorityQueue", "LifoQueue"):
        if module.resolve(call.func) not in _QUEUES or call.args or _has_limit(call):
            continue
        if unit.project.sessions.runs_per_client(call, module) and _is_given_out(call, unit):
            yield module.match(call, call=ast.unparse(call.func))


def _has_limit(call: ast.Call) -> bool:
    return any(each.arg == "maxsize" for each in call.keywords)


def _is_given_out(call: ast.Call, unit: Unit) -> bool:
    """Tell whether a queue is put where others find it, or is drained only as fast as its client reads."""
    module = unit.module
    local, attributes = given_names(call, module)
    if any(_is_stored(node, name) for name in local for node in module.own(module.function(call) or module.tree)):
        return True
    around = module.class_of(call)
    return around is not None and any(_is_sent_from(around, f"self.{name}", unit) for name in attributes)


def _is_stored(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id == name
    if isinstance(node, ast.Call) and last_name(node.func) in _STORING:
        return any(isinstance(each, ast.Name) and each.id == name for each in node.args)
    return False


def _is_sent_from(around: ast.ClassDef, name: str, unit: Unit) -> bool:
    """Tell whether a method takes from the queue and sends."""
    for function in unit.module.functions:
        if unit.module.class_of(function) is around:
            own = unit.module.own(function)
            gets = any(
                isinstance(each, ast.Call) and last_name(each.func) == "get" and mentions(each, name) for each in own
            )
            sends = any(isinstance(each, ast.Await) and _sends(each.value) for each in own)
            if gets and sends:
                return True
    return False


def _sends(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) in _SENDING


RULE = Rule("unbounded-queue", "python", "container", "warning", check)
