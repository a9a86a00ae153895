"""An async function calls something that blocks: the event loop stands still, and with it every other client.

HTTP calls, processes, `open` and `time.sleep` are found by ruff (ASYNC210 to ASYNC251); the rest is found here.
"""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.module import Module
from overstay.scan.python.paths import last_name
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_BY_RUFF = ("ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC230", "ASYNC251")
_BLOCKING = frozenset(
    ("sqlite3.connect", "shutil.copy", "shutil.copyfile", "shutil.copytree", "shutil.rmtree", "os.system")
)
_OF_PATHS = ("read_text", "write_text", "read_bytes", "write_bytes")
_OF_DATABASES = ("execute", "executemany", "executescript", "commit", "fetchall")
_OF_MODELS = ("transcribe", "synthesize", "infer", "inference", "predict", "generate_speech", "detect_speech")
_MODELS = re.compile(r"model|engine|asr|tts|vad|whisper|recogni|pipeline|transcriber|synthesizer", re.IGNORECASE)


def check(unit: Unit) -> Iterator[Match]:
    """Yield the blocking calls of async functions that run for each client, those of functions inside them left out."""
    module, sessions = unit.module, unit.project.sessions
    for lint in unit.lints(*_BY_RUFF):
        node = unit.node_at(lint)
        if node is not None and sessions.runs_per_client(node, module) and "WNOHANG" not in ast.unparse(node):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else module.line(lint.line)
            yield unit.match_at(lint, call=name)
    wanted = {name.rpartition(".")[2] for name in _BLOCKING}
    for call in module.calls(*wanted, *_OF_PATHS, *_OF_DATABASES, *_OF_MODELS):
        is_async = isinstance(module.function(call), ast.AsyncFunctionDef) and sessions.runs_per_client(call, module)
        if is_async and _blocks(call, unit) and _is_run_here(call, module):
            yield module.match(call, call=ast.unparse(call.func))


def _blocks(call: ast.Call, unit: Unit) -> bool:
    module, name = unit.module, last_name(call.func)
    if module.resolve(call.func) in _BLOCKING:
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    if name in _OF_PATHS:
        return unit.project.types.of(call.func.value, module) is None and not _is_async_path(call.func.value, module)
    if name in _OF_DATABASES:
        return _is_of_sqlite(call.func.value, unit)
    return name in _OF_MODELS and _MODELS.search(ast.unparse(call.func.value)) is not None and _is_plain(call, unit)


def _is_run_here(call: ast.Call, module: Module) -> bool:
    """Tell whether a call is made where it stands: neither awaited nor inside a lambda that a thread runs."""
    for above in module.ancestors(call):
        if isinstance(above, ast.Await | ast.Lambda):
            return False
        if isinstance(above, ast.stmt):
            return not isinstance(above, ast.AsyncFor | ast.AsyncWith)
    return True


def _is_async_path(node: ast.expr, module: Module) -> bool:
    text = module.resolve(node).lower()
    return "anyio" in text or "aiopath" in text or "aiofiles" in text


def _is_of_sqlite(node: ast.expr, unit: Unit) -> bool:
    """Tell whether a name is given a connection of sqlite3, or what such a connection makes."""
    function = unit.project.function_around(unit.module, node)
    values: list[ast.expr] = []
    if isinstance(node, ast.Name) and function is not None:
        values = function.bindings.get(node.id, [])
    elif isinstance(node, ast.Attribute) and function is not None and function.owner is not None:
        values = function.owner.attributes.get(node.attr, [])
    top = unit.project.top(unit.module, node.id) if isinstance(node, ast.Name) else None
    return any("sqlite3.connect()" in unit.module.resolve(each) for each in (*values, *([top] if top else [])))


def _is_plain(call: ast.Call, unit: Unit) -> bool:
    """Tell whether the function called, where it is known, is no coroutine function."""
    callees = unit.project.callees(call, unit.module)
    return not any(each.is_async for each in callees)


RULE = Rule("blocking-call-in-async", "python", "latency", "warning", check)
