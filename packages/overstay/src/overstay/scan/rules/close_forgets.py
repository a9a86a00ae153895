"""An object has a method that closes it, and that method leaves open what the object opened."""

import ast
import re
from collections.abc import Iterator, Mapping

from overstay.scan.python.definitions import Class, Function
from overstay.scan.python.endings import ENDERS, attribute_uses, closers, ends, given_names, is_closing
from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.paths import last_name
from overstay.scan.python.tasks import is_task_start
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_OPENED: Mapping[str, str] = {
    "asyncio.open_connection": "socket",
    "asyncio.open_unix_connection": "socket",
    "asyncio.start_server": "socket",
    "socket.socket": "socket",
    "socket.create_connection": "socket",
    "aiohttp.ClientSession": "socket",
    "httpx.AsyncClient": "socket",
    "httpx.Client": "socket",
    "requests.Session": "socket",
    "websockets.connect": "socket",
    "asyncpg.create_pool": "socket",
    "asyncpg.connect": "socket",
    "sqlite3.connect": "descriptor",
    "aiosqlite.connect": "thread",
    "open": "descriptor",
    "concurrent.futures.ThreadPoolExecutor": "thread",
    "concurrent.futures.ProcessPoolExecutor": "process",
    "concurrent.futures.thread.ThreadPoolExecutor": "thread",
    "tempfile.TemporaryDirectory": "file",
    "contextlib.AsyncExitStack": "object",
    "contextlib.ExitStack": "object",
}
_STARTS = re.compile(r"_*(start|open|connect|init|load|setup)(_|$)")
_LAST_NAMES = {name.rpartition(".")[2] for name in _OPENED} | {"create_task", "ensure_future"}


def check(unit: Unit) -> Iterator[Match]:
    """Yield what a class opens into its attributes, has a method to close itself, and never ends."""
    module = unit.module
    for call in module.calls(*_LAST_NAMES):
        kind = "task" if is_task_start(call, module) else _OPENED.get(module.resolve(call.func), "")
        around = module.class_of(call)
        opening = module.function(call)
        if not kind or around is None or (opening is not None and is_closing(opening.name)):
            continue
        owner = unit.project.class_(around)
        local, names = given_names(call, module)
        closer = next(iter(closers(owner)), None)
        if any(unit.project.method(owner, name) for name in names):
            continue  # a property: what it does with the value is its own affair
        if opening is not None and any(_is_called_to_end(opening, name) for name in local):
            continue
        if kind == "task" and _may_end(call, owner):
            continue
        if not names or closer is None or any(_is_ended(owner, name, unit) for name in names):
            continue
        if not _is_of_class(call, module) and not _is_for_all(owner, opening, closer, unit):
            is_hint = not unit.project.sessions.is_session_class(owner) or (kind == "task" and not _goes_on(call, unit))
            yield module.match(call, is_hint=is_hint, name=names[-1], closer=closer.name, kind=kind)


def _is_of_class(call: ast.Call, module: Module) -> bool:
    """Tell whether what is opened is kept by the class: one for all its objects."""
    statement = module.statement(call)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(each, ast.Attribute) and last_name(each.value) == "cls" for each in targets)


def _is_for_all(owner: Class, opening: FunctionNode | None, closer: Function, unit: Unit) -> bool:
    """Tell whether a shared object opens it once, as it is made, and only disconnects and connects again later."""
    is_once = opening is not None and opening.name == "__init__" and closer.name == "disconnect"
    return is_once and unit.project.sessions.is_shared(owner)


def _goes_on(call: ast.Call, unit: Unit) -> bool:
    """Tell whether a task has a loop without a condition; else it ends by itself."""
    started = call.args[0] if call.args else None
    target = unit.project.target(started.func, unit.module) if isinstance(started, ast.Call) else None
    return not isinstance(target, Function) or any(_is_endless(each) for each in target.nodes)


def _is_endless(node: ast.AST) -> bool:
    return isinstance(node, ast.AsyncFor) or (isinstance(node, ast.While) and isinstance(node.test, ast.Constant))


def _may_end(call: ast.Call, owner: Class) -> bool:
    """Tell whether a task is told to end by a closing method, or is a start that ends by itself."""
    started = call.args[0] if call.args else None
    if isinstance(started, ast.Call) and _STARTS.match(last_name(started.func)):
        return True
    return any(_tells(each) for method in closers(owner) for each in ast.walk(method.node))


def _tells(node: ast.AST) -> bool:
    """Tell whether a closing method sets an event or a flag, or puts something into a queue."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("set", "put", "put_nowait", "send_nowait", "notify_all")
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)


def _is_called_to_end(function: FunctionNode, name: str) -> bool:
    return any(
        isinstance(each, ast.Attribute)
        and each.attr in ENDERS
        and isinstance(each.value, ast.Name)
        and each.value.id == name
        for each in ast.walk(function)
    )


def _is_ended(owner: Class, name: str, unit: Unit) -> bool:
    """Tell whether an attribute is ended anywhere; what waits for a task ends it, too."""
    for node, module in attribute_uses(owner, name, unit.project):
        if ends(node, module, ENDERS) or isinstance(module.parent(node), ast.Await | ast.Starred | ast.withitem):
            return True
    return False


RULE = Rule("close-forgets", "python", "object", "severe", check)
