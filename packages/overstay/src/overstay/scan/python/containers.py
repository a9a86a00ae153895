"""The project's dictionaries, lists and sets that live longer than a call: who fills them and who empties them."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from overstay.scan.python.definitions import Class, Function, bound, own_attribute
from overstay.scan.python.module import Module

if TYPE_CHECKING:
    from overstay.scan.python.model import Project

_MAKING = {
    "dict": "dict",
    "list": "list",
    "set": "set",
    "collections.defaultdict": "dict",
    "collections.OrderedDict": "dict",
    "collections.Counter": "dict",
    "collections.deque": "deque",
    "bytearray": "bytes",
    "array.array": "list",
}
_LITERALS = {ast.Dict: "dict", ast.List: "list", ast.Set: "set", ast.DictComp: "dict", ast.ListComp: "list"}
_FILLING = frozenset(("append", "appendleft", "add", "setdefault", "extend", "insert", "update"))
_APPENDING = frozenset(("append", "appendleft", "extend", "insert"))
_EMPTYING = frozenset(
    (
        *("pop", "popitem", "popleft", "clear", "remove", "discard", "difference_update", "intersection_update"),
        *("symmetric_difference_update",),
    )
)
_REACHING = frozenset(("setdefault", "get"))


@dataclass(frozen=True, slots=True)
class Change:
    """One place that fills or empties a container; `depth` counts the keys before: 0 is the container itself."""

    module: Module
    node: ast.AST
    function: Function | None
    key: ast.expr | None = None
    value: ast.expr | None = None
    depth: int = 0

    @property
    def appends(self) -> bool:
        """Tell whether a method puts an element at an end of a list."""
        return isinstance(self.node, ast.Call) and self.node.func.attr in _APPENDING  # type: ignore[attr-defined]

    @property
    def is_addition(self) -> bool:
        """Tell whether it makes a list longer: an item that is replaced does not."""
        return self.appends or isinstance(self.node, ast.AugAssign)


@dataclass(eq=False)
class Container:
    """A container by its name in a module, or in the instances or the body of a class."""

    owner: Class | Module
    name: str
    kind: str
    made: ast.AST
    is_of_class: bool = False
    fills: list[Change] = field(default_factory=list)
    empties: list[Change] = field(default_factory=list)
    is_bounded: bool = False

    @property
    def makes_missing(self) -> bool:
        """Tell whether a look for a missing key adds it, as a defaultdict does."""
        return isinstance(self.made, ast.Call) and ast.unparse(self.made.func).endswith("defaultdict")

    @property
    def module(self) -> Module:
        """Return where it is made."""
        return self.owner.module if isinstance(self.owner, Class) else self.owner

    def __str__(self) -> str:
        return f"{self.owner.name}.{self.name}" if isinstance(self.owner, Class) else self.name


class Containers:
    """Answers for one project."""

    def __init__(self, project: "Project") -> None:
        self._project = project
        self._in_modules: dict[tuple[Module, str], Container] = {}
        self._in_classes: dict[str, list[Container]] = defaultdict(list)
        for module in project.modules:
            for name, value in _named(module):
                if kind := kind_of(value, module):
                    self._in_modules[module, name] = Container(module, name, kind, value)
        for owner in project.classes:
            self._declare(owner)
        self._names = {name for _, name in self._in_modules} | self._in_classes.keys()
        for module in project.modules:
            self._note_changes(module)

    def __iter__(self) -> Iterator[Container]:
        yield from self._in_modules.values()
        for each in self._in_classes.values():
            yield from each

    def _declare(self, owner: Class) -> None:
        body = {id(value) for statement in owner.node.body for _, value in bound(statement)}
        for name, values in owner.attributes.items():
            for value in values:
                kind = kind_of(value, owner.module)
                if kind:
                    is_of_class = all(id(each) in body for each in values) and not _is_field(value, owner.module)
                    self._in_classes[name].append(Container(owner, name, kind, value, is_of_class))
                    break

    def _note_changes(self, module: Module) -> None:
        for call in module.of(ast.Call):
            self._note_call(call, module)
        for attribute in module.of(ast.Attribute):
            self._note_callback(attribute, module)
        for node in module.of(ast.Subscript):
            self._note_item(node, module)
        for total in module.of(ast.AugAssign):
            self._note_sum(total, module)
        for comparison in module.of(ast.Compare):
            self._note_limit(comparison, module)
        for plain in module.of(ast.Assign):
            self._note_renewal(plain, module)
        for annotated in module.of(ast.AnnAssign):
            self._note_renewal(annotated, module)

    def _note_limit(self, node: ast.Compare, module: Module) -> None:
        """Note that the length of a container is compared with something: its program knows a limit."""
        for side in (node.left, *node.comparators):
            if isinstance(side, ast.Call) and module.resolve(side.func) == "len" and side.args:
                for container, depth in self.named(side.args[0], module):
                    container.is_bounded |= depth == 0

    def _note_call(self, call: ast.Call, module: Module) -> None:
        function = call.func
        if not isinstance(function, ast.Attribute):
            return
        if function.attr in _FILLING:
            for container, depth in self.named(function.value, module):
                key = _key_of(function.value) if depth else (call.args[0] if call.args else None)
                change = Change(
                    module, call, self._around(call, module), key, call.args[-1] if call.args else None, depth
                )
                container.fills.append(change)
        elif function.attr in _EMPTYING:
            for container, depth in self.named(function.value, module):
                container.empties.append(Change(module, call, self._around(call, module), depth=depth))

    def _note_callback(self, node: ast.Attribute, module: Module) -> None:
        """Note a method that empties and is handed over, as in `add_done_callback(self._tasks.discard)`."""
        parent = module.parent(node)
        if node.attr in _EMPTYING and not (isinstance(parent, ast.Call) and parent.func is node):
            for container, depth in self.named(node.value, module):
                container.empties.append(Change(module, node, self._around(node, module), depth=depth))

    def _note_item(self, node: ast.Subscript, module: Module) -> None:
        parent = module.parent(node)
        if isinstance(node.ctx, ast.Del) or isinstance(node.slice, ast.Slice):
            if not isinstance(node.ctx, ast.Load):
                for container, depth in self.named(node.value, module):
                    container.empties.append(Change(module, node, self._around(node, module), depth=depth))
        elif isinstance(node.ctx, ast.Store):
            value = getattr(parent, "value", None)
            for container, depth in self.named(node.value, module):
                change = Change(module, node, self._around(node, module), node.slice, value, depth)
                container.fills.append(change)

    def _note_sum(self, node: ast.AugAssign, module: Module) -> None:
        if isinstance(node.target, ast.Subscript):
            return
        for container, depth in self.named(node.target, module):
            change = Change(module, node, self._around(node, module), None, node.value, depth)
            if isinstance(node.op, ast.Add | ast.BitOr) and container.kind != "number":
                container.fills.append(change)
            else:
                container.empties.append(change)

    def _note_renewal(self, node: ast.Assign | ast.AnnAssign, module: Module) -> None:
        """Note that a container is replaced by another outside of where it is first made."""
        function = self._around(node, module)
        if function is None or function.name in ("__init__", "__post_init__"):
            return
        for target, _ in bound(node):
            if isinstance(target, ast.Name) and target.id not in function.globals:
                continue
            if isinstance(target, ast.Name | ast.Attribute):
                for container, depth in self.named(target, module):
                    if container.made is not node.value:
                        container.empties.append(Change(module, node, function, depth=depth))

    def _around(self, node: ast.AST, module: Module) -> Function | None:
        return self._project.function_around(module, node)

    def named(self, node: ast.AST, module: Module, *, alias: bool = True) -> list[tuple[Container, int]]:
        """Return the containers that an expression can mean, with the keys that it goes in by counted."""
        depth = 0
        while True:
            if isinstance(node, ast.Subscript):
                node, depth = node.value, depth + 1
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _REACHING:
                node, depth = node.func.value, depth + 1
            else:
                break
        if isinstance(node, ast.Attribute):
            return [(each, depth) for each in self._of_attribute(node, module)]
        return self._of_name(node, module, depth, alias=alias) if isinstance(node, ast.Name) else []

    def _of_attribute(self, node: ast.Attribute, module: Module) -> list[Container]:
        if node.attr not in self._names:
            return []
        home = self._project.module(module.resolve(node.value))
        if home is not None and (home, node.attr) in self._in_modules:
            return [self._in_modules[home, node.attr]]
        having = self._in_classes.get(node.attr, [])
        owner = self._project.types.of(node.value, module)
        if owner is None and isinstance(node.value, ast.Name):
            found = self._project.lookup(module.resolve(node.value), module)
            owner = found if isinstance(found, Class) else None
        if owner is None:
            return [] if own_attribute(node) else having
        return [
            each for each in having if isinstance(each.owner, Class) and self._project.are_related(each.owner, owner)
        ]

    def _of_name(self, node: ast.Name, module: Module, depth: int, *, alias: bool) -> list[tuple[Container, int]]:
        function = self._around(node, module)
        while function is not None:
            values = function.bindings.get(node.id)
            if values and node.id not in function.globals:
                return self._of_values(values, module, depth) if alias else []
            if node.id in function.parameters:
                return []
            function = self._project.function_around(module, function.node)
        dotted = module.resolve(node)
        head, _, last = dotted.rpartition(".")
        home = self._project.module(head) if head else module
        found = self._in_modules.get((home, last)) if home else None
        return [(found, depth)] if found else []

    def _of_values(self, values: list[ast.expr], module: Module, depth: int) -> list[tuple[Container, int]]:
        return [
            (container, inner + depth)
            for value in values
            if isinstance(value, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
            for container, inner in self.named(value, module, alias=False)
        ]


def kind_of(value: ast.AST, module: Module) -> str:
    """Return which kind of unbounded container an expression makes; empty where it makes none, or a bounded one."""
    if type(value) in _LITERALS:
        is_table = isinstance(value, ast.Dict) and len(value.keys) > 3  # a table that is written down is not filled
        return "" if is_table else _LITERALS[type(value)]
    if not isinstance(value, ast.Call):
        return ""
    name = module.resolve(value.func)
    if name in ("dataclasses.field", "attrs.field", "pydantic.Field"):
        made = next((each.value for each in value.keywords if each.arg in ("default_factory", "factory")), None)
        return _MAKING.get(module.resolve(made), "") if made is not None else ""
    if name == "collections.deque":
        limits = [*value.args[1:], *(each.value for each in value.keywords if each.arg == "maxlen")]
        return "" if any(not isinstance(each, ast.Constant) or each.value is not None for each in limits) else "deque"
    return _MAKING.get(name, "")


def _key_of(node: ast.expr) -> ast.expr | None:
    """Return the key by which an element is reached: `k` of `table[k]` and of `table.setdefault(k, [])`."""
    if isinstance(node, ast.Subscript):
        return node.slice
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def _is_field(value: ast.AST, module: Module) -> bool:
    return isinstance(value, ast.Call) and module.resolve(value.func).endswith((".field", ".Field"))


def _named(module: Module) -> Iterator[tuple[str, ast.expr]]:
    for statement in module.own(module.tree):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and not isinstance(module.parent(statement), ast.ClassDef):
            for target, value in bound(statement):
                if isinstance(target, ast.Name):
                    yield target.id, value
