"""Tasks that nobody keeps: started in a statement of their own, so that no line can end them."""

import ast
from collections.abc import Iterator

from overstay.checks.sources import Module, called
from overstay.findings import Site

STARTERS = ("create_task", "ensure_future")


def unowned_tasks(module: Module) -> Iterator[Site]:
    """Yield the lines that start a task and drop it; a task group keeps its own."""
    for node in module.nodes():
        if isinstance(node, ast.Expr) and called(node.value) in STARTERS and not _is_group(node.value):
            yield module.site(node)


def _is_group(call: ast.expr) -> bool:
    owner = call.func.value if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None
    return owner is not None and ast.unparse(owner).rpartition(".")[2] in ("tg", "group", "task_group", "nursery")
