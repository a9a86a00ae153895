"""Where a program would call a closer, and what keeps it from it: read from its source.

Which class an object has is told by the names that it is given, from the call that makes it through every assignment.
That is no proof, so it is asked only about a closer of which it is known that it did not run.
"""

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from overstay.placement import CLOSERS, base_of, last_name, mentions, takes_out, tree_of


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a closer from running: `code` at a line of a file; nothing is there to name when no line calls it."""

    what: Literal["guard", "popped", "uncalled"]
    file: str = ""
    line: int = 0
    code: str = ""


def obstacle(files: tuple[str, ...], owner: str, closer: str) -> Obstacle | None:
    """Return why `closer` of the class `owner` is not called in these files; None where the source does not say."""
    files = _about(files, owner, closer)
    if not any(_names(tree, closer) for _, tree in _trees(files)):
        return Obstacle("uncalled")
    names = _names_of(files, owner)
    for file, tree in _trees(files):
        for function in _functions(tree):
            for call, tests in _guarded(function, ()):
                receiver = _receiver(call, closer)
                if receiver is not None and base_of(receiver) in names:
                    return _popped(file, function, receiver) or _guard(file, tests, names)
    return None


def guard_for_absent(files: tuple[str, ...], owner: str, closers: frozenset[str]) -> tuple[str, Obstacle] | None:
    """Return a closer that `owner` is asked for with `hasattr` and that is none of its `closers`, and where."""
    files = _about(files, owner, "hasattr")
    names = _names_of(files, owner)
    for file, tree in _trees(files):
        for node in ast.walk(tree):
            asked = _asked_for(node, names)
            if asked in CLOSERS - closers and isinstance(node, ast.Call):
                return asked, Obstacle("guard", file, node.lineno, ast.unparse(node))
    return None


@lru_cache(maxsize=64)
def _about(files: tuple[str, ...], *words: str) -> tuple[str, ...]:
    """Return the files that have any of these words: a large program is not parsed for a few lines of it."""
    return tuple(file for file in files if any(word in line for line in linecache.getlines(file) for word in words))


def _trees(files: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
    return ((file, tree) for file in files if (tree := tree_of(file)))


def _names(tree: ast.Module, closer: str) -> bool:
    """Tell whether a file has a call of the method, or its name in any other place but a definition."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == closer)
        or (isinstance(node, ast.Constant) and node.value == closer)
        for node in ast.walk(tree)
    )


# The names of objects of a class


@lru_cache(maxsize=64)
def _names_of(files: tuple[str, ...], owner: str) -> frozenset[str]:
    """Return the variables, attributes and containers that objects of a class are given to."""
    given = [pair for _, tree in _trees(files) for node in ast.walk(tree) for pair in _gifts(node)]
    names: set[str] = set()
    while True:
        more = {name for name, value in given if name and name not in names and _is_object(value, owner, names)}
        if not more:
            return frozenset(names)
        names |= more


def _gifts(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that a node gives a value to, with that value; of an annotation, its own text."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((base_of(target), node.value) for target in targets if node.value is not None)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        yield from ((base_of(target), node.iter) for target in targets)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield base_of(node.optional_vars), node.context_expr
    elif isinstance(node, ast.keyword) and node.arg is not None:
        yield node.arg, node.value
    if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
        name = node.arg if isinstance(node, ast.arg) else base_of(node.target)
        yield name, ast.Tuple([node.annotation])


def _is_object(value: ast.AST, owner: str, names: set[str]) -> bool:
    """Tell whether an expression is an object of a class, or has one out of what is named so."""
    if isinstance(value, ast.Tuple):  # an annotation
        return any(_annotates(node, owner) for each in value.elts for node in ast.walk(each))
    return any(_makes(part, owner) or _source(part) in names for part in _alternatives(value))


def _alternatives(value: ast.AST) -> Iterator[ast.AST]:
    """Yield what an expression may be: both of `a if b else c` and of `a or c`, and what is awaited."""
    if isinstance(value, ast.Await):
        yield from _alternatives(value.value)
    elif isinstance(value, ast.IfExp | ast.BoolOp):
        for part in [value.body, value.orelse] if isinstance(value, ast.IfExp) else value.values:
            yield from _alternatives(part)
    else:
        yield value


def _makes(value: ast.AST, owner: str) -> bool:
    """Tell whether an expression calls a class, or a method of the class that makes one."""
    if not isinstance(value, ast.Call):
        return False
    return owner in (
        last_name(value.func),
        last_name(value.func.value) if isinstance(value.func, ast.Attribute) else "",
    )


def _annotates(node: ast.AST, owner: str) -> bool:
    return last_name(node) == owner or (isinstance(node, ast.Constant) and node.value == owner)


def _source(value: ast.AST) -> str:
    """Return the name that something is taken from: `contexts` of `self.contexts.pop(uid)` and `contexts.values()`."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr in ("pop", "popitem", "popleft", "get", "setdefault", "values", "items", "copy"):
            return base_of(value.func.value)
        return ""
    if isinstance(value, ast.Call) and value.args and last_name(value.func) in ("list", "tuple", "set", "sorted"):
        return _source(value.args[0])
    return base_of(value)


# The call and what stands before it


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _guarded(node: ast.AST, tests: tuple[ast.expr, ...]) -> Iterator[tuple[ast.AST, tuple[ast.expr, ...]]]:
    """Yield every node of a function with the conditions that it stands under, innermost last."""
    for child in ast.iter_child_nodes(node):
        under = (*tests, node.test) if isinstance(node, ast.If | ast.IfExp) and _is_body(node, child) else tests
        yield child, under
        yield from _guarded(child, under)


def _is_body(node: ast.If | ast.IfExp, child: ast.AST) -> bool:
    return child is node.body if isinstance(node, ast.IfExp) else child in node.body


def _receiver(node: ast.AST, method: str) -> ast.expr | None:
    """Return what a method is called on, where a node is such a call."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    return node.func.value if node.func.attr == method else None


def _popped(file: str, function: ast.AST, receiver: ast.expr) -> Obstacle | None:
    """Return the earlier line of a function that throws away what the receiver is looked up in."""
    name = base_of(receiver)
    values = [value for node in ast.walk(function) for given, value in _gifts(node) if given == name]
    taken_from = {_source(part) for value in values for part in _alternatives(value)}
    earlier = (node for statement in _before(function, receiver) for node in ast.walk(statement))
    for node in earlier:
        if not isinstance(node, ast.Expr | ast.Delete):
            continue
        if any(takes_out(node, container) for container in {name, *taken_from} - {""}):
            return Obstacle("popped", file, node.lineno, ast.unparse(node))
    return None


def _before(node: ast.AST, inner: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that stand before an inner node, without the branches that it is not in."""
    for block in _blocks(node):
        for at, statement in enumerate(block):
            if any(each is inner for each in ast.walk(statement)):
                yield from block[:at]
                yield from _before(statement, inner)


def _blocks(node: ast.AST) -> list[list[ast.AST]]:
    """Return the lists of statements that a node has; of a `try`, one of them all, as one comes after the other."""
    parts = [getattr(node, name, []) for name in ("body", "handlers", "orelse", "finalbody")]
    if isinstance(node, ast.Try):
        return [[statement for part in parts for statement in part]]
    return [part for part in parts if isinstance(part, list)]


def _guard(file: str, tests: tuple[ast.expr, ...], names: frozenset[str]) -> Obstacle | None:
    """Return the innermost condition that is about the object; of several terms the one with `hasattr`."""
    for test in reversed(tests):
        asked = [node for node in ast.walk(test) if _asked_for(node, names)]
        if asked or any(mentions(test, name) for name in names):
            return Obstacle("guard", file, test.lineno, ast.unparse((asked or [test])[0]))
    return None


def _asked_for(node: ast.AST, names: frozenset[str]) -> str:
    """Return the attribute that `hasattr` asks an object of these names for; empty where it does not."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "hasattr" or len(node.args) != 2:
        return ""
    of, attribute = node.args
    if not isinstance(attribute, ast.Constant) or not isinstance(attribute.value, str):
        return ""
    return attribute.value if base_of(of) in names else ""
