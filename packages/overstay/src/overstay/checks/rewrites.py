"""Functions that write a whole history anew for every message: they dump a list that grows, into a file of its own."""

import ast
from collections.abc import Iterator

from overstay.checks.sources import Module, called, dotted
from overstay.checks.writers import is_writing
from overstay.findings import Site

_GROWERS = frozenset({"append", "extend", "insert", "add"})


def rewrites(module: Module) -> Iterator[Site]:
    """Yield the lines that dump a container to which the same function has just added."""
    for node in module.nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _rewrites_in(node, module)


def _rewrites_in(function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Iterator[Site]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    grown = {
        dotted(call.func.value) for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in _GROWERS
    } - {""}
    if not grown or not any(is_writing(call) for call in calls):
        return
    for call in calls:
        if called(call) in ("dump", "dumps") and call.args and dotted(call.args[0]) in grown:
            yield module.site(call)
