"""An object has a method that closes it, and that method leaves open what the object opened."""

import ast
from collections.abc import Iterator, Mapping

from overstay.scan.python.definitions import Class
from overstay.scan.python.endings import ENDERS, attribute_uses, closers, ends, given_names, is_closing
from overstay.scan.python.module import FunctionNode
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
        if kind == "task" and any(_tells(each) for method in closers(owner) for each in method.nodes):
            continue  # its loop may look at the flag
        if names and closer is not None and not any(_is_ended(owner, name, unit) for name in names):
            yield module.match(call, name=names[-1], closer=closer.name, kind=kind)


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
