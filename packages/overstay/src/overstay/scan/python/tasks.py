"""The calls that start an asyncio task."""

import ast
from collections.abc import Iterator

from overstay.scan.python.module import Module

_STARTERS = ("create_task", "ensure_future", "run_coroutine_threadsafe")
_OF_ASYNCIO = frozenset(f"asyncio.{name}" for name in _STARTERS)
_LOOPS = ("get_event_loop()", "get_running_loop()", "new_event_loop()", "loop", "event_loop", "io_loop", "get_loop()")


def task_starts(module: Module) -> Iterator[ast.Call]:
    """Yield the calls that start a task on an event loop; those of a task group are owned by the group."""
    for call in module.calls(*_STARTERS):
        if is_task_start(call, module) and not _only_tells(call, module):
            yield call


def _only_tells(call: ast.Call, module: Module) -> bool:
    """Tell whether a thread only puts something into a queue of the loop: over as soon as it runs."""
    if not module.resolve(call.func).endswith("run_coroutine_threadsafe") or not call.args:
        return False
    told = call.args[0]
    return isinstance(told, ast.Call) and isinstance(told.func, ast.Attribute) and told.func.attr in ("put", "set")


def is_task_start(call: ast.AST, module: Module) -> bool:
    """Tell whether an expression starts a task, by asyncio itself or by something that is named a loop."""
    return isinstance(call, ast.Call) and is_starter(call.func, module)


def is_starter(function: ast.AST, module: Module) -> bool:
    """Tell whether an expression names a function that starts tasks."""
    name = module.resolve(function)
    if name in _OF_ASYNCIO:
        return True
    owner, _, last = name.rpartition(".")
    return last == "create_task" and owner.rpartition(".")[2].lstrip("_").endswith(_LOOPS)
