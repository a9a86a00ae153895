"""An entry is taken out of a table, and then looked for there to be closed: it is never closed."""

import ast
from collections.abc import Iterator

from overstay.scan.python.paths import after, mentions, within
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule


def check(unit: Unit) -> Iterator[Match]:
    """Yield the look-ups of a key in a table from which the same function has just taken it."""
    module = unit.module
    for call in module.calls("pop"):
        if isinstance(call.func, ast.Attribute) and call.args and module.function(call) is not None:
            yield from _looked_up(call, call.func.value, call.args[0], unit)
    for node in module.of(ast.Delete):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and module.function(node) is not None:
                yield from _looked_up(target, target.value, target.slice, unit)


def _looked_up(node: ast.AST, table: ast.expr, key: ast.expr, unit: Unit) -> Iterator[Match]:
    module = unit.module
    if not isinstance(key, ast.Name | ast.Attribute):
        return  # an index, a slice, or a field of a message
    taken = (ast.unparse(table), ast.unparse(key))
    for statement in after(module.statement(node), module):
        if _is_put_back(statement, taken):
            return
        for each in within(statement):
            if _looks_up(each, taken) and module.function(each) is module.function(node):
                told = ("rule.close-after-pop.taken", {"line": getattr(node, "lineno", 0)})
                yield module.match(each, told, name=taken[0])
                return


def _looks_up(node: ast.AST, taken: tuple[str, str]) -> bool:
    table, key = taken
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        return ast.unparse(node.func.value) == table and ast.unparse(node.args[0]) == key
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return ast.unparse(node.value) == table and ast.unparse(node.slice) == key
    return False


def _is_put_back(statement: ast.stmt, taken: tuple[str, str]) -> bool:
    """Tell whether a statement gives the table, the key or the entry a new value."""
    for each in within(statement):
        if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store) and ast.unparse(each.value) == taken[0]:
            return True
        is_new = isinstance(each, ast.Name | ast.Attribute) and isinstance(each.ctx, ast.Store)
        if is_new and (mentions(each, taken[1]) or ast.unparse(each) == taken[0]):
            return True
    return False


RULE = Rule("close-after-pop", "python", "object", "severe", check)
