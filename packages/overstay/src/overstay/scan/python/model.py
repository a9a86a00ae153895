"""A project across its files: what a name means, of which class a value is, and which functions a call can reach.

Types come from constructors, annotations and assignments; nothing is run. What cannot be told is None, and rules take
None as "not known", never as "no". A method whose class is not known is taken by its name where only one has it.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from overstay.scan.python.containers import Containers
from overstay.scan.python.definitions import Class, Function, defined
from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.sessions import Sessions
from overstay.scan.python.types import Types


@dataclass(frozen=True, slots=True)
class Lint:
    """What another linter said about a line."""

    code: str
    line: int
    column: int
    message: str


class Project:
    """All modules of a scan and what follows from having them together."""

    def __init__(self, modules: Sequence[Module], lints: Mapping[Path, Sequence[Lint]] | None = None) -> None:
        self.modules = modules
        self.lints = lints or {}
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        for module in modules:
            functions, classes = defined(module)
            self.functions += functions
            self.classes += classes
        self._function_of: dict[FunctionNode, Function] = {each.node: each for each in self.functions}
        self._class_of: dict[ast.ClassDef, Class] = {each.node: each for each in self.classes}
        self._inside: dict[FunctionNode, dict[str, Function]] = defaultdict(dict)
        for each in self.functions:
            around = each.module.function(each.node)
            if around is not None:
                self._inside[around][each.name] = each
        self._modules = _by_dotted_name(modules)
        self._tops = {module: _tops(module) for module in modules}
        self.types = Types(self)

    @cached_property
    def sessions(self) -> Sessions:
        """Return which code runs for each client, and which objects all clients share."""
        return Sessions(self)

    @cached_property
    def containers(self) -> Containers:
        """Return the containers of the project, with who fills and empties them."""
        return Containers(self)

    @cached_property
    def methods(self) -> dict[str, list[Function]]:
        """Return all methods by their bare name."""
        found: dict[str, list[Function]] = defaultdict(list)
        for owner in self.classes:
            for name, method in owner.methods.items():
                found[name].append(method)
        return found

    def function(self, node: FunctionNode) -> Function:
        """Return the function that a definition makes."""
        return self._function_of[node]

    def function_around(self, module: Module, node: ast.AST) -> Function | None:
        """Return the function in which a node runs."""
        around = module.function(node)
        return self._function_of[around] if around else None

    def class_(self, node: ast.ClassDef) -> Class:
        """Return the class that a definition makes."""
        return self._class_of[node]

    def class_around(self, module: Module, node: ast.AST) -> Class | None:
        """Return the class in whose body or methods a node stands."""
        around = module.class_of(node)
        return self._class_of[around] if around else None

    def module(self, dotted: str) -> Module | None:
        """Return the module of a dotted name, also where Python starts from another folder than the project's."""
        return self._modules.get(dotted)

    def top(self, module: Module, name: str) -> ast.AST | None:
        """Return what a name at the top of a module is: a definition, or the value that it is given."""
        return self._tops[module].get(name)

    def lookup(self, dotted: str, module: Module, depth: int = 5) -> Function | Class | None:
        """Return the function or class that a resolved name means in a module; re-exports are followed."""
        head, _, last = dotted.rpartition(".")
        if not head:
            return self._definition(self.top(module, dotted))
        home = self.module(head)
        if home is not None:
            if last in home.imports and depth:
                return self.lookup(home.imports[last], home, depth - 1)
            return self._definition(self.top(home, last))
        owner = self.lookup(head, module, depth - 1) if depth else None
        return self.method(owner, last) if isinstance(owner, Class) else None

    def _definition(self, node: ast.AST | None) -> Function | Class | None:
        if isinstance(node, ast.ClassDef):
            return self._class_of.get(node)
        return self._function_of.get(node) if isinstance(node, FunctionNode) else None

    def bases(self, owner: Class) -> list[Class]:
        """Return a class and those of the project that it inherits from, nearest first."""
        found: list[Class] = []
        waiting = [owner]
        while waiting:
            each = waiting.pop(0)
            if each not in found:
                found.append(each)
                bases = (self.lookup(base, each.module) for base in each.bases)
                waiting += [base for base in bases if isinstance(base, Class)]
        return found

    @cached_property
    def _heirs(self) -> dict[Class, list[Class]]:
        found: dict[Class, list[Class]] = defaultdict(list)
        for each in self.classes:
            for base in self.bases(each)[1:]:
                found[base].append(each)
        return found

    def heirs(self, owner: Class) -> list[Class]:
        """Return the classes of the project that inherit from a class."""
        return self._heirs.get(owner, [])

    def are_related(self, one: Class, other: Class) -> bool:
        """Tell whether one of two classes inherits from the other."""
        return one is other or other in self.bases(one) or one in self.bases(other)

    def method(self, owner: Class, name: str) -> Function | None:
        """Return a method, inherited ones too."""
        return next((each.methods[name] for each in self.bases(owner) if name in each.methods), None)

    def callees(self, call: ast.Call, module: Module) -> list[Function]:
        """Return the functions of the project that a call can run: none where they are not known."""
        target = self.target(call.func, module)
        if isinstance(target, Class):
            made = (self.method(target, name) for name in ("__init__", "__post_init__"))
            return [each for each in made if each is not None]
        return [target] if target else []

    def calls_of(self, function: Function) -> list[tuple[Module, ast.Call]]:
        """Return the calls that are known to run a function."""
        return self._calls_of.get(function, [])

    @cached_property
    def _calls_of(self) -> dict[Function, list[tuple[Module, ast.Call]]]:
        found: dict[Function, list[tuple[Module, ast.Call]]] = defaultdict(list)
        for module in self.modules:
            for call in module.of(ast.Call):
                for callee in self.callees(call, module):
                    found[callee].append((module, call))
        return found

    def target(self, node: ast.AST, module: Module) -> Function | Class | None:
        """Return what of the project an expression names, called or handed over."""
        if isinstance(node, ast.Name):
            return self._inner(node, module) or self.lookup(module.resolve(node), module)
        if not isinstance(node, ast.Attribute):
            return None
        owner = self.types.of(node.value, module)
        if owner is not None:
            return self.method(owner, node.attr)
        return self.lookup(module.resolve(node), module) or self._by_unique_name(node)

    def _inner(self, node: ast.Name, module: Module) -> Function | None:
        """Return the function of that name inside one of the functions around."""
        around = module.function(node)
        while around is not None:
            if node.id in self._inside.get(around, ()):
                return self._inside[around][node.id]
            around = module.function(around)
        return None

    def _by_unique_name(self, node: ast.Attribute) -> Function | None:
        found = self.methods.get(node.attr, ())
        is_telling = len(node.attr) > 5 and not node.attr.startswith("__")
        return found[0] if len(found) == 1 and is_telling else None


def _by_dotted_name(modules: Iterable[Module]) -> dict[str, Module]:
    """Return the modules by every end of their dotted name that only one of them has; whole names come first."""
    ends: dict[str, list[Module]] = defaultdict(list)
    for module in modules:
        parts = module.name.split(".")
        for start in range(1, len(parts)):
            ends[".".join(parts[start:])].append(module)
    found = {end: having[0] for end, having in ends.items() if len(having) == 1}
    return found | {module.name: module for module in modules}


def _tops(module: Module) -> dict[str, ast.AST]:
    """Return what the names at the top of a module are, also below `if` and `try`."""
    found: dict[str, ast.AST] = {}
    for node in module.own(module.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.setdefault(name, value)
            case _:
                pass
    definitions: list[FunctionNode | ast.ClassDef] = [*module.of(ast.ClassDef), *module.functions]
    for definition in definitions:
        if module.function(definition) is None and module.class_of(definition) is None:
            found.setdefault(definition.name, definition)
    return found
