"""The functions and classes of a project, with what is known of them before anything is asked."""

import ast
from dataclasses import dataclass, field
from functools import cached_property

from overstay.scan.python.module import FunctionNode, Module


@dataclass(eq=False)
class Function:
    """A function or method; `owner` is the class whose method it is, or in whose method it stands."""

    module: Module
    node: FunctionNode
    owner: "Class | None" = None

    @property
    def name(self) -> str:
        """Return the bare name."""
        return self.node.name

    @property
    def is_async(self) -> bool:
        """Tell whether it runs on the event loop."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def nodes(self) -> list[ast.AST]:
        """Return what runs in it, without functions inside it."""
        return self.module.own(self.node)

    @cached_property
    def parameters(self) -> dict[str, ast.arg]:
        """Return its parameters by name, `*args` and `**kwargs` left out."""
        arguments = self.node.args
        return {each.arg: each for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}

    @cached_property
    def bindings(self) -> dict[str, list[ast.expr]]:
        """Return what each local name is given, in order; a tuple on the left gives each of its names the whole."""
        found: dict[str, list[ast.expr]] = {}
        for node in self.nodes:
            for target, value in bound(node):
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(value)
        return found

    @cached_property
    def globals(self) -> frozenset[str]:
        """Return the names that it declares to be the module's."""
        return frozenset(name for node in self.nodes if isinstance(node, ast.Global) for name in node.names)


@dataclass(eq=False)
class Class:
    """A class: its methods, and what its attributes are given anywhere in its own methods or body."""

    module: Module
    node: ast.ClassDef
    bases: tuple[str, ...]
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the bare name."""
        return self.node.name


def bound(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return the pairs of target and value that a node binds; of a loop, the value is what is looped over."""
    match node:
        case ast.Assign():
            return [(each, node.value) for target in node.targets for each in _flat(target)]
        case ast.AnnAssign() if node.value is not None:
            return [(node.target, node.value)]
        case ast.NamedExpr():
            return [(node.target, node.value)]
        case ast.withitem() if node.optional_vars is not None:
            return [(each, node.context_expr) for each in _flat(node.optional_vars)]
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            return [(each, node.iter) for each in _flat(node.target)]
        case _:
            return []


def _flat(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [name for each in target.elts for name in _flat(each)]
    return [target.value] if isinstance(target, ast.Starred) else [target]


def own_attribute(node: ast.AST) -> str:
    """Return `x` of `self.x` or `cls.x`, else nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
        return node.attr
    return ""


def defined(module: Module) -> tuple[list[Function], list[Class]]:
    """Return the functions and classes of a module."""
    classes = {node: Class(module, node, tuple(map(module.resolve, node.bases))) for node in module.of(ast.ClassDef)}
    functions = []
    for node in module.functions:
        owner = module.class_of(node)
        function = Function(module, node, classes[owner] if owner else None)
        functions.append(function)
        if owner is not None and module.parent(node) is owner:
            classes[owner].methods.setdefault(node.name, function)
    for each in classes.values():
        _note_attributes(each)
    return functions, list(classes.values())


def _note_attributes(owner: Class) -> None:
    for statement in owner.node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            owner.annotations.setdefault(statement.target.id, statement.annotation)
        for target, value in bound(statement):
            if isinstance(target, ast.Name):
                owner.attributes.setdefault(target.id, []).append(value)
    for method in owner.methods.values():
        for node in method.nodes:
            if isinstance(node, ast.AnnAssign) and own_attribute(node.target):
                owner.annotations.setdefault(own_attribute(node.target), node.annotation)
            for target, value in bound(node):
                if name := own_attribute(target):
                    owner.attributes.setdefault(name, []).append(value)
