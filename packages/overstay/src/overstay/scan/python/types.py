"""Of which class of the project a value is, as far as constructors, annotations and assignments tell."""

import ast
from typing import TYPE_CHECKING

from overstay.scan.python.definitions import Class, Function
from overstay.scan.python.module import Module

if TYPE_CHECKING:
    from overstay.scan.python.model import Project

_DEEPEST = 8


class Types:
    """Answers for one project, each question once."""

    def __init__(self, project: "Project") -> None:
        self._project = project
        self._known: dict[ast.AST, Class | None] = {}
        self._attributes: dict[tuple[Class, str], Class | None] = {}

    def of(self, node: ast.AST, module: Module, depth: int = 0) -> Class | None:
        """Return the class of an expression's value; None where it is not one of the project's, or not known."""
        if node in self._known or depth > _DEEPEST:
            return self._known.get(node)
        self._known[node] = None  # what asks for itself on the way is not known by that way
        self._known[node] = self._of(node, module, depth + 1)
        return self._known[node]

    def _of(self, node: ast.AST, module: Module, depth: int) -> Class | None:
        if isinstance(node, ast.Await | ast.NamedExpr | ast.Starred):
            return self.of(node.value, module, depth)
        if isinstance(node, ast.Name):
            return self._of_name(node, module, depth)
        if isinstance(node, ast.Attribute):
            owner = self.of(node.value, module, depth)
            return self.attribute(owner, node.attr, depth) if owner else None
        if isinstance(node, ast.Call):
            return self._of_call(node, module)
        choices = node.values if isinstance(node, ast.BoolOp) else []
        return self._first([node.body, node.orelse] if isinstance(node, ast.IfExp) else choices, module, depth)

    def _first(self, nodes: list[ast.expr], module: Module, depth: int) -> Class | None:
        return next((found for each in nodes if (found := self.of(each, module, depth))), None)

    def _of_name(self, node: ast.Name, module: Module, depth: int) -> Class | None:
        function = self._project.function_around(module, node)
        while function is not None:
            if node.id in ("self", "cls") and function.owner is not None:
                return function.owner
            if node.id in function.bindings:
                return self._first(function.bindings[node.id], module, depth)
            parameter = function.parameters.get(node.id)
            if parameter is not None:
                return self.annotated(parameter.annotation, module)
            function = self._project.function_around(module, function.node)
        return self._of_top(module.resolve(node), module, depth)

    def _of_top(self, dotted: str, module: Module, depth: int) -> Class | None:
        """Return the class of what a name at the top of a module is given, imported or not."""
        head, _, last = dotted.rpartition(".")
        home = self._project.module(head) if head else module
        value = self._project.top(home, last) if home else None
        return self.of(value, home, depth) if home and isinstance(value, ast.expr) else None

    def _of_call(self, node: ast.Call, module: Module) -> Class | None:
        target = self._project.target(node.func, module)
        if isinstance(target, Class):
            return target
        return self.annotated(target.node.returns, target.module) if isinstance(target, Function) else None

    def attribute(self, owner: Class, name: str, depth: int = 0) -> Class | None:
        """Return the class of an attribute's value."""
        key = (owner, name)
        if key not in self._attributes:
            self._attributes[key] = None
            self._attributes[key] = self._attribute(owner, name, depth)
        return self._attributes[key]

    def _attribute(self, owner: Class, name: str, depth: int) -> Class | None:
        for each in self._project.bases(owner):
            found = self.annotated(each.annotations.get(name), each.module)
            found = found or self._first(each.attributes.get(name, []), each.module, depth)
            if found is not None:
                return found
        return None

    def annotated(self, node: ast.AST | None, module: Module) -> Class | None:
        """Return the class that an annotation names, alone or beside None."""
        match node:
            case ast.Constant(value=str(text)):
                return self._quoted(text, module)
            case ast.BinOp(op=ast.BitOr()):
                return self.annotated(node.left, module) or self.annotated(node.right, module)
            case ast.Subscript() if module.resolve(node.value).endswith(("Optional", "Annotated")):
                return self.annotated(node.slice, module)
            case ast.Tuple(elts=[first, *_]):
                return self.annotated(first, module)
            case ast.Name() | ast.Attribute():
                found = self._project.lookup(module.resolve(node), module)
                return found if isinstance(found, Class) else None
            case _:
                return None

    def _quoted(self, text: str, module: Module) -> Class | None:
        try:
            return self.annotated(ast.parse(text, mode="eval").body, module)
        except SyntaxError:
            return None
