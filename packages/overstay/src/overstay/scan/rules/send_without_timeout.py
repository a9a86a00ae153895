"""A send to a client waits as long as that client does not read, and others wait behind it."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.paths import last_name
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_SENDING = frozenset(("send", "send_text", "send_json", "send_bytes", "send_str", "send_message", "drain"))
_ONLY_SOCKETS = frozenset(("send_text", "send_json", "send_bytes", "send_str"))
_RECEIVING = frozenset(
    ("receive", "receive_text", "receive_json", "receive_bytes", "recv", "iter_text", "iter_json", "receive_str")
)
_LIMITS = ("timeout", "timeout_at", "wait_for", "fail_after", "move_on_after")
_CLIENT = re.compile(r"web_?socket|\bws\b|client|conn|sock|peer|subscriber|viewer|listener|\bsio\b", re.IGNORECASE)

_SOCKET = re.compile(r"web_?socket|\bws\b|conn", re.IGNORECASE)


def check(unit: Unit) -> Iterator[Match]:
    """Yield the sends without a limit in a loop over clients, and in an endless loop that never receives."""
    module = unit.module
    for call in module.calls(*_SENDING):
        if not isinstance(call.func, ast.Attribute) or not _is_of_a_client(call.func):
            continue
        if _is_limited(call, module):
            continue
        how = _how(call, module)
        if how:
            yield module.match(call, (f"rule.send-without-timeout.{how}", {}), call=ast.unparse(call.func))


def _is_of_a_client(sending: ast.Attribute) -> bool:
    """Tell whether something is sent to a client: by the name of what sends, or because only a WebSocket does so."""
    return sending.attr in _ONLY_SOCKETS or _CLIENT.search(ast.unparse(sending.value)) is not None


def _how(call: ast.Call, module: Module) -> str:
    """Return what makes a send a danger to others: it is one of many, or the only thing that its loop waits for."""
    for above in module.ancestors(call):
        if isinstance(above, FunctionNode):
            return ""
        if isinstance(above, ast.For) and (_is_over_clients(above.iter) or _is_of_the_loop(call, above)):
            return "others" if isinstance(module.parent(call), ast.Await) else ""
        if isinstance(above, ast.ListComp | ast.GeneratorExp | ast.SetComp) and _is_over_clients(
            above.generators[0].iter
        ):
            return "others" if _is_gathered(above, module) else ""
        if isinstance(above, ast.While) and _is_endless(above) and isinstance(module.parent(call), ast.Await):
            is_socket = _SOCKET.search(ast.unparse(call.func)) is not None
            tries = any(isinstance(each, ast.Return) for each in ast.walk(above))
            return "pushes" if is_socket and not tries and not _receives(module) else ""
    return ""


def _is_over_clients(node: ast.expr) -> bool:
    text = ast.unparse(node)
    return _CLIENT.search(text) is not None and not text.startswith("range(")


def _is_of_the_loop(call: ast.Call, loop: ast.For) -> bool:
    """Tell whether each turn of a loop sends to another client, whatever the loop goes over is called."""
    sender = call.func.value if isinstance(call.func, ast.Attribute) else None
    each = {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
    return isinstance(sender, ast.Name) and sender.id in each


def _is_gathered(node: ast.AST, module: Module) -> bool:
    return any(isinstance(each, ast.Call) and last_name(each.func) == "gather" for each in module.ancestors(node))


def _is_endless(loop: ast.While) -> bool:
    return isinstance(loop.test, ast.Constant) and bool(loop.test.value)


def _receives(module: Module) -> bool:
    """Tell whether anything in the module receives from clients, and so learns that they have left."""
    return any(module.attributes(name) for name in _RECEIVING)


def _is_limited(call: ast.Call, module: Module) -> bool:
    for above in module.ancestors(call):
        if isinstance(above, ast.Call) and last_name(above.func) in _LIMITS:
            return True
        if isinstance(above, ast.With | ast.AsyncWith):
            items = [each.context_expr for each in above.items]
            if any(isinstance(each, ast.Call) and last_name(each.func) in _LIMITS for each in items):
                return True
        if isinstance(above, FunctionNode):
            return False
    return False


RULE = Rule("send-without-timeout", "python", "session", "warning", check)
