"""Which statements run after which, and on which of a function's ways out."""

import ast
from collections.abc import Iterator

from overstay.scan.python.module import FunctionNode, Module

_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield)


def in_finally(node: ast.AST, module: Module) -> bool:
    """Tell whether a node runs on every way out of its function: it stands in a `finally`."""
    below = node
    for above in module.ancestors(node):
        if isinstance(above, ast.Try | ast.TryStar) and below in above.finalbody:
            return True
        if isinstance(above, FunctionNode):
            return False
        below = above
    return False


def in_except(node: ast.AST, module: Module) -> bool:
    """Tell whether a node runs only after an error: in the handler of an exception."""
    for above in module.ancestors(node):
        if isinstance(above, ast.ExceptHandler):
            return True
        if isinstance(above, FunctionNode):
            return False
    return False


def loop_around(node: ast.AST, module: Module) -> ast.While | ast.For | ast.AsyncFor | None:
    """Return the innermost loop of the same function around a node."""
    for above in module.ancestors(node):
        if isinstance(above, ast.While | ast.For | ast.AsyncFor):
            return above
        if isinstance(above, FunctionNode):
            return None
    return None


def block_of(statement: ast.stmt, module: Module) -> list[ast.stmt]:
    """Return the statements among which a statement stands."""
    parent = module.parent(statement)
    for name in ("body", "orelse", "finalbody", "handlers"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def after(statement: ast.stmt, module: Module) -> list[ast.stmt]:
    """Return the statements of the same block that come after one."""
    block = block_of(statement, module)
    return block[block.index(statement) + 1 :]


def can_be_left(statement: ast.AST) -> bool:
    """Tell whether a client that leaves can end the function inside a statement: it waits there."""
    return any(isinstance(each, _WAITING) for each in within(statement))


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is in it, in the order of the source, without the functions defined there."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        if not isinstance(each, (*FunctionNode.__args__, ast.Lambda)) or each is node:
            waiting += reversed(list(ast.iter_child_nodes(each)))


def mentions(node: ast.AST, name: str) -> bool:
    """Tell whether a dotted name, such as `self.task`, occurs in a node."""
    head, _, attribute = name.rpartition(".")
    for each in ast.walk(node):
        if not head and isinstance(each, ast.Name) and each.id == name:
            return True
        if head and isinstance(each, ast.Attribute) and each.attr == attribute and ast.unparse(each.value) == head:
            return True
    return False


def last_name(node: ast.AST | None) -> str:
    """Return the last part of a name: `close` of `self.writer.close`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
