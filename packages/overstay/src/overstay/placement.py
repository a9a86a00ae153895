"""Where a program puts something into a container, and whether it ever takes anything out: read from its source."""

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeGuard

_ADDING = frozenset(
    (
        *("append", "appendleft", "add", "setdefault", "extend", "extendleft", "update", "insert", "put", "put_nowait"),
        *("write", "addHandler", "register", "subscribe", "push", "labels", "frombytes", "fromlist"),
    )
)
CLOSERS = frozenset(("close", "aclose", "reset", "stop", "disconnect", "cleanup", "shutdown", "__aexit__", "__exit__"))
_REGISTERING = frozenset(("register", "subscribe", "set_exception_handler", "add_signal_handler", "signal", "finalize"))
_REMOVING = frozenset(("pop", "popitem", "popleft", "clear", "remove", "discard"))


@lru_cache(maxsize=64)
def tree_of(path: str) -> ast.Module | None:
    """Return the syntax tree of a source file; None where it is not to be read."""
    try:
        return ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return None


def site_of(path: str, name: str) -> tuple[int, str] | None:
    """Return line and function of the statement that puts something into `name`; the last one inside a function.

    `name` is a variable or an attribute. Where nothing is put in, the line that assigns it; None where there is none.
    """
    tree = tree_of(path)
    if tree is None or not name:
        return None
    inside: list[tuple[int, str]] = []
    assigned: list[tuple[int, str]] = []
    statements = list(_statements(tree))
    aliases = {(function, alias) for function, node in statements if (alias := _alias_of(node, name))}
    for function, node in statements:
        if _puts_into(node, name) or any(_puts_into(node, alias) for where, alias in aliases if where == function):
            inside.append((node.lineno, function))
        elif _assigns(node, name):
            assigned.append((node.lineno, function))
    in_functions = [place for place in inside if place[1] != "<module>"]
    in_methods = [place for place in assigned if place[1] != "<module>"]
    found = in_functions or inside or in_methods or assigned
    return found[-1] if found else None


def filler_of(path: str, name: str) -> tuple[str, str, str] | None:
    """Return file, class and name of the method that puts something into `name`; None where no method does."""
    found = site_of(path, name)
    owner, _, method = found[1].rpartition(".") if found else ("", "", "")
    return (path, owner, method) if owner else None


def fills(path: str, name: str) -> bool:
    """Tell whether any statement of a source file puts something into `name`."""
    tree = tree_of(path)
    return tree is not None and name != "" and any(_puts_into(node, name) for _, node in _statements(tree))


def closers_without(path: str, name: str) -> list[str]:
    """Return the closing methods, of the class whose attribute `name` is, that do not touch it: they leave it full."""
    tree = tree_of(path)
    for node in ast.walk(tree) if tree and name else ():
        if isinstance(node, ast.ClassDef) and any(
            _puts_into(each, name) for each in ast.walk(node) if _is_simple(each)
        ):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            closers = [method for method in methods if method.name in CLOSERS]
            return [closer.name for closer in closers if not mentions(closer, name)]
    return []


def _is_simple(node: ast.AST) -> TypeGuard[ast.stmt]:
    return isinstance(node, ast.stmt) and not hasattr(node, "body")


def mentions(node: ast.AST, name: str) -> bool:
    """Tell whether a name stands anywhere in a node."""
    return any(last_name(each) == name for each in ast.walk(node))


def definition_of(path: str, name: str) -> tuple[int, str] | None:
    """Return line and name of the function or class `name`, decorators included; None where there is none."""
    tree = tree_of(path)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]), node.name
    return None


@lru_cache(maxsize=256)
def bound_of(path: str, name: str) -> int | None:
    """Return the number that `len(name)` is compared with in a function that also takes something out; else None."""
    tree = tree_of(path)
    if tree is None or not name:
        return None
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and takes_out(function, name):
            for node in ast.walk(function):
                if isinstance(node, ast.Compare) and _is_length_of(node.left, name):
                    limit = node.comparators[0]
                    value = limit.value if isinstance(limit, ast.Constant) else constants.get(last_name(limit))
                    if isinstance(value, int):
                        return value
    return None


def _statements(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every simple statement with the qualified name of its function."""
    stack: list[tuple[str, ast.AST]] = [("<module>", tree)]
    while stack:
        function, node = stack.pop()
        for child in ast.iter_child_nodes(node):
            inner = function
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = child.name if function == "<module>" else f"{function}.{child.name}"
            if _is_simple(child):
                yield _function(function, tree), child
            stack.append((inner, child))


def _function(name: str, tree: ast.Module) -> str:
    """Return the name, or that of the module for what stands in a class body: no function runs there."""
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return "<module>" if name in classes else name


def last_name(node: ast.AST) -> str:
    """Return the name of a variable or of an attribute, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def base_of(node: ast.AST) -> str:
    """Return the name that is indexed: `rooms` of `self.rooms[a][b]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("setdefault", "get"):
        return base_of(node.func.value)
    return last_name(node)


def _puts_into(statement: ast.stmt, name: str) -> bool:
    return _extends(statement, name) or any(
        _is_call_of(node, _ADDING, name)
        or _registers(node, name)
        or (isinstance(node, ast.Assign) and any(_is_element_of(target, name) for target in node.targets))
        or (isinstance(node, ast.AugAssign) and base_of(node.target) == name)
        for node in ast.walk(statement)
    )


def _extends(statement: ast.stmt, name: str) -> bool:
    """Tell whether a statement assigns a longer one of what was there: `x = x + [y]`, `x = join([x, y])`, no slice."""
    if not _assigns(statement, name) or not isinstance(statement, ast.Assign | ast.AnnAssign) or not statement.value:
        return False
    return not isinstance(statement.value, ast.Subscript) and mentions(statement.value, name)


def takes_out(function: ast.AST, name: str) -> bool:
    """Tell whether anything in a node takes something out of `name`."""
    return any(
        _is_call_of(node, _REMOVING, name)
        or (isinstance(node, ast.Delete) and any(base_of(target) == name for target in node.targets))
        for node in ast.walk(function)
    )


def _is_call_of(node: ast.AST, methods: frozenset[str], name: str) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in methods and base_of(node.func.value) == name


def _registers(node: ast.AST, name: str) -> bool:
    """Tell whether a function of this name is handed to something that keeps callbacks."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in _REGISTERING:
        return False
    return any(last_name(inner) == name for argument in node.args for inner in ast.walk(argument))


def _is_element_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Subscript) and base_of(node) == name


def _alias_of(statement: ast.stmt, name: str) -> str:
    """Return the variable that an element of `name` is given to, empty where there is none."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return ""
    value = statement.value
    is_element = isinstance(value, ast.Subscript) or (isinstance(value, ast.Call) and base_of(value) != "")
    return statement.targets[0].id if is_element and base_of(value) == name else ""


def _assigns(statement: ast.stmt, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return any(last_name(target) == name for target in targets)


def _is_length_of(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id == "len" and bool(node.args) and base_of(node.args[0]) == name
