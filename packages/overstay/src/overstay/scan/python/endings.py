"""Whether something that was begun is ended: what ends it, and who could."""

import ast
import re
from collections.abc import Iterable, Iterator

from overstay.scan.python.definitions import Class, Function, bound, own_attribute
from overstay.scan.python.model import Project
from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.paths import last_name

ENDERS = frozenset(
    (
        *(
            "close",
            "aclose",
            "cancel",
            "shutdown",
            "terminate",
            "kill",
            "join",
            "cleanup",
            "stop",
            "release",
            "dispose",
        ),
        *("disconnect", "wait_closed", "abort", "quit", "end", "detach", "unlink", "wait", "finish", "communicate"),
        *("send_signal", "result", "unregister", "__exit__", "__aexit__", "destroy"),
    )
)
CLOSERS = frozenset(
    (
        *(
            "close",
            "aclose",
            "stop",
            "shutdown",
            "disconnect",
            "cleanup",
            "clean_up",
            "teardown",
            "tear_down",
            "release",
        ),
        *("__aexit__", "__exit__", "dispose", "end", "finish", "destroy", "terminate", "on_disconnect"),
    )
)
_BARE_CLOSERS = frozenset(name.strip("_") for name in CLOSERS)
_CLOSING = re.compile(r"clos|shut_?down|stop|on_error")
_READING = frozenset(("isinstance", "hasattr", "bool", "id", "str", "repr", "print", "len", "cast", "debug", "info"))
_WRAPPING = ("wait_for", "shield")


def closers(owner: Class) -> list[Function]:
    """Return the methods of a class that end its objects."""
    return [method for name, method in owner.methods.items() if is_closer(name)]


def is_closer(name: str) -> bool:
    """Tell whether a method's name says that it ends its object."""
    return name.strip("_") in _BARE_CLOSERS


def is_closing(name: str) -> bool:
    """Tell whether a method's name says that it has to do with the end of its object."""
    return is_closer(name) or _CLOSING.search(name) is not None


def is_ended_in(function: FunctionNode, name: str, module: Module, enders: frozenset[str] = ENDERS) -> bool:
    """Tell whether a local name is ended in its function, or given to something that may end it."""
    uses = [each for each in ast.walk(function) if isinstance(each, ast.Name) and each.id == name]
    return any(ends(each, module, enders) for each in uses if isinstance(each.ctx, ast.Load))


def attribute_uses(owner: Class, name: str, project: Project) -> Iterator[tuple[ast.Attribute, Module]]:
    """Yield every mention of an attribute: of its own class, of related ones, and where the class is not known."""
    for module in project.modules:
        for node in module.attributes(name):
            of = project.types.of(node.value, module)
            if of is None or project.are_related(of, owner):
                yield node, module


def is_attribute_ended(owner: Class, name: str, project: Project, enders: frozenset[str] = ENDERS) -> bool:
    """Tell whether an attribute's value is ended anywhere, or given to something that may end it."""
    return any(ends(node, module, enders) for node, module in attribute_uses(owner, name, project))


def ends(node: ast.AST, module: Module, enders: frozenset[str]) -> bool:
    """Tell whether the use of a name ends what it names, or hands it to code that may.

    Calling another method of it, reading an attribute and testing it do not; neither does giving the name a new value.
    """
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return False
    parent = module.parent(node)
    if isinstance(parent, ast.Attribute):
        return parent.attr in enders
    if isinstance(parent, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.If | ast.While | ast.Assert | ast.IfExp):
        return False
    if isinstance(parent, ast.Call):
        return parent.func is not node and last_name(parent.func) not in _READING
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        return _is_alias_ended(parent, module, enders)
    return parent is not None and not isinstance(parent, ast.Expr | ast.FormattedValue | ast.Subscript)


def _is_alias_ended(node: ast.AST, module: Module, enders: frozenset[str]) -> bool:
    """Tell whether the other name that something is given is used to end it; names that are not local may be."""
    function = module.function(node)
    for target, _ in bound(node):
        if isinstance(target, ast.Name) and function is not None:
            if is_ended_in(function, target.id, module, enders):
                return True
        elif not isinstance(target, ast.Subscript):
            return True
    return False


def given_names(call: ast.AST, module: Module) -> tuple[list[str], list[str]]:
    """Return the local names and the attributes of `self` that the value of a call is given, through one another."""
    node, parent = call, module.parent(call)
    while parent is not None and (isinstance(parent, ast.Await | ast.BoolOp | ast.IfExp) or _is_wrapper(parent, node)):
        node, parent = parent, module.parent(parent)
    function = module.function(call)
    names = _targets([parent] if parent is not None else [])
    if function is not None:
        own = module.own(function)
        for name in [each.id for each in names if isinstance(each, ast.Name)]:
            again = [each for each in own if isinstance(each, ast.Assign) and _gives(each, name)]
            names += _targets(again)
    local = [each.id for each in names if isinstance(each, ast.Name)]
    return local, [name for each in names if (name := own_attribute(each))]


def _is_wrapper(parent: ast.AST | None, node: ast.AST) -> bool:
    """Tell whether a call only waits for what it is given, as in `wait_for(connect(), 5)`."""
    return isinstance(parent, ast.Call) and parent.func is not node and last_name(parent.func) in _WRAPPING


def _gives(node: ast.Assign, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node.value)) and not isinstance(
        node.value, ast.Call | ast.Await
    )


def _targets(nodes: Iterable[ast.AST]) -> list[ast.expr]:
    return [target for node in nodes for target, _ in bound(node)]
