"""What becomes of a thing that a call makes: dropped, given to a name that ends it or not, or handed on."""

import ast
from dataclasses import dataclass

from overstay.scan.python.definitions import Class
from overstay.scan.python.endings import given_names, is_attribute_ended, is_ended_in
from overstay.scan.python.model import Project
from overstay.scan.python.module import Module
from overstay.scan.python.paths import last_name


@dataclass(frozen=True, slots=True)
class Fate:
    """How a thing is lost: `how` is "dropped", "local" or "attribute", and empty where something may end it."""

    how: str
    name: str = ""
    owner: Class | None = None


ENDED = Fate("")


def fate_of(call: ast.Call, module: Module, project: Project, enders: frozenset[str]) -> Fate:
    """Return what becomes of what a call makes; handing it to anything that is not known counts as ended."""
    top = _outermost(call, module)
    parent = module.parent(top)
    if isinstance(parent, ast.Expr):
        return Fate("dropped")
    local, attributes = given_names(call, module)
    owner = project.class_around(module, call)
    if attributes and owner is not None:
        ended = any(is_attribute_ended(owner, name, project, enders) for name in attributes)
        return (
            ENDED if ended or _is_local_ended(call, local, module, enders) else Fate("attribute", attributes[-1], owner)
        )
    if local and isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        return ENDED if _is_local_ended(call, local, module, enders) else Fate("local", local[0])
    return ENDED


def is_put_into_table(call: ast.Call, module: Module) -> bool:
    """Tell whether what a call makes is kept under a key, for whoever asks for it next."""
    local, _ = given_names(call, module)
    function = module.function(call)
    for node in module.own(function) if function else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            is_it = node.value is call or last_name(node.value) in local
            if is_it:
                return True
    return False


def _outermost(call: ast.Call, module: Module) -> ast.AST:
    """Return the whole of what is done with a thing in place: `Thread(…).start()`, `await connect()`."""
    node: ast.AST = call
    parent = module.parent(node)
    while isinstance(parent, ast.Await | ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node):
        node, parent = parent, module.parent(parent)
    return node


def _is_local_ended(call: ast.Call, names: list[str], module: Module, enders: frozenset[str]) -> bool:
    function = module.function(call)
    return function is not None and any(is_ended_in(function, name, module, enders) for name in names)
