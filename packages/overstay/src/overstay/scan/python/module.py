"""One Python file: its tree, what encloses each node, and what its imported names stand for.

The tree is walked once. Rules then ask for calls by the name they end in and for nodes by their type, so that a file
costs no rule a walk of its own.
"""

import ast
import io
import tokenize
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from overstay.scan.rule import Match
from overstay.scan.sources import Skipped

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Node = TypeVar("Node", bound=ast.AST)

_LEAVES = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
_PYTHON_2 = (
    "Missing parentheses in call to",
    "multiple exception types must be parenthesized",
    "leading zeros in decimal integer",
    "invalid hexadecimal literal",
)


class Module:
    """A parsed file; `name` is its dotted name below the project's folder."""

    def __init__(self, path: Path, name: str, text: str, tree: ast.Module) -> None:
        self.path = path
        self.name = name
        self.lines = text.splitlines()
        self.tree = tree
        self._parents: dict[ast.AST, ast.AST] = {}
        self._by_type: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._own: dict[ast.AST, list[ast.AST]] = defaultdict(list)
        self._scopes: dict[ast.AST, ast.AST] = {}
        self._index()
        self.imports = _imports(self)
        self._calls: dict[str, list[ast.Call]] = defaultdict(list)
        for call in self.of(ast.Call):
            self._calls[self.resolve(call.func).rpartition(".")[2]].append(call)
        self._attributes: dict[str, list[ast.Attribute]] = defaultdict(list)
        for attribute in self.of(ast.Attribute):
            self._attributes[attribute.attr].append(attribute)

    def _index(self) -> None:
        """Note each node's parent, type and function, in the order of the source."""
        stack: list[tuple[ast.AST, ast.AST]] = [(self.tree, self.tree)]
        while stack:
            node, scope = stack.pop()
            self._by_type[node.__class__].append(node)
            self._own[scope].append(node)
            self._scopes[node] = scope
            inner = node if isinstance(node, FunctionNode) else scope
            children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, _LEAVES)]
            outside = _evaluated_outside(node) if inner is node else ()
            for child in reversed(children):
                self._parents[child] = node
                stack.append((child, scope if child in outside else inner))

    def of(self, kind: type[Node]) -> list[Node]:
        """Return the nodes of a type, in the order of the source."""
        return self._by_type.get(kind, [])  # type: ignore[return-value]  # keyed by type

    @property
    def functions(self) -> list[FunctionNode]:
        """Return the definitions of functions and methods."""
        return [*self.of(ast.FunctionDef), *self.of(ast.AsyncFunctionDef)]

    def calls(self, *names: str) -> list[ast.Call]:
        """Return the calls whose function's full name ends in one of these."""
        return [call for name in names for call in self._calls.get(name, ())]

    def attributes(self, name: str) -> list[ast.Attribute]:
        """Return the mentions of an attribute, whatever has it."""
        return self._attributes.get(name, [])

    def own(self, scope: ast.AST) -> list[ast.AST]:
        """Return the nodes that run in a function, not those of functions inside it; of the module for its tree."""
        return self._own.get(scope, [])

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return what a node is part of."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node is part of, innermost first."""
        above = self._parents.get(node)
        while above is not None:
            yield above
            above = self._parents.get(above)

    def function(self, node: ast.AST) -> FunctionNode | None:
        """Return the function in which a node runs; None where the module or a class body does."""
        scope = self._scopes.get(node)
        return scope if isinstance(scope, FunctionNode) else None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the class around a node, also from functions inside its methods."""
        return next((above for above in self.ancestors(node) if isinstance(above, ast.ClassDef)), None)

    def statement(self, node: ast.AST) -> ast.stmt:
        """Return the statement that a node belongs to."""
        for each in (node, *self.ancestors(node)):
            if isinstance(each, ast.stmt):
                return each
        return self.tree.body[0]

    def qualified_name(self, node: ast.AST) -> str:
        """Return the name of the function in which a node runs, with its classes; `<module>` outside of all."""
        function = self.function(node)
        return self.name_of(function) if function else "<module>"

    def name_of(self, definition: FunctionNode | ast.ClassDef) -> str:
        """Return the qualified name of a function or class."""
        parts = [definition.name]
        for each in self.ancestors(definition):
            if isinstance(each, ast.ClassDef):
                parts.append(each.name)
            elif isinstance(each, FunctionNode):
                parts += ["<locals>", each.name]
        return ".".join(reversed(parts))

    def resolve(self, node: ast.AST) -> str:
        """Return the dotted name that an expression stands for, imports followed; empty where it has none.

        A call in it is written with parentheses: `asyncio.get_running_loop().create_task`.
        """
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.resolve(node.value)}.{node.attr}"
        if isinstance(node, ast.Call):
            return f"{self.resolve(node.func)}()"
        return self.resolve(node.value) if isinstance(node, ast.Await) else ""

    def at(self, line: int, column: int) -> list[ast.AST]:
        """Return the nodes that begin at a place, outermost first."""
        found = (each for nodes in self._by_type.values() for each in nodes)
        here = [each for each in found if getattr(each, "lineno", 0) == line and _column(each, self) == column]
        return sorted(here, key=lambda each: len(list(self.ancestors(each))))

    def match(
        self, node: ast.AST, *evidence: tuple[str, Mapping[str, object]], is_hint: bool = False, **facts: object
    ) -> Match:
        """Return a match at a node."""
        line: int = getattr(node, "lineno", 1)
        return Match(
            path=self.path,
            line=line,
            column=getattr(node, "col_offset", 0),
            function=self.qualified_name(node),
            code=self.line(line),
            facts=facts,
            evidence=evidence,
            is_hint=is_hint,
        )

    def line(self, number: int) -> str:
        """Return a line without the spaces around it."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""


def _column(node: ast.AST, module: Module) -> int:
    """Return the column in characters: ast counts bytes."""
    offset = getattr(node, "col_offset", 0)
    line = module.lines[getattr(node, "lineno", 1) - 1]
    return offset if line.isascii() else len(line.encode()[:offset].decode("utf-8", "replace"))


def read(path: Path, root: Path) -> Module | Skipped:
    """Return a file's module, or why it cannot be one. Nothing of it is run."""
    try:
        content = path.read_bytes()
    except OSError as err:
        return Skipped(path, "unreadable", {"reason": err.strerror or str(err)})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the project's own strings, which are no concern of ours
            text = _decoded(content)
            return Module(path, _dotted(path, root), text, ast.parse(text))
    except UnicodeDecodeError as err:
        return Skipped(path, "encoding", {"encoding": err.encoding, "line": err.object[: err.start].count(b"\n") + 1})
    except SyntaxError as err:
        is_old = str(err.msg).startswith(_PYTHON_2)
        return Skipped(path, "python-2" if is_old else "syntax", {"line": err.lineno or 1, "reason": err.msg})
    except (RecursionError, MemoryError, ValueError) as err:
        return Skipped(path, "too-deep", {"reason": type(err).__name__})


def _decoded(content: bytes) -> str:
    """Return the text as Python reads it: by its byte order mark or coding comment, else UTF-8."""
    if not content.lstrip().startswith(b"#"):
        content.decode("utf-8-sig")  # which says where it fails; Python says only that it does
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return io.TextIOWrapper(io.BytesIO(content), encoding, newline=None).read()


def _dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts if path.is_relative_to(root) else (path.stem,)
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def _imports(module: Module) -> dict[str, str]:
    """Return what each imported name stands for; an import inside a function counts for the whole file."""
    names: dict[str, str] = {}
    for plain in module.of(ast.Import):
        for alias in plain.names:
            names[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
    for node in module.of(ast.ImportFrom):
        package = _package(module, node)
        names |= {alias.asname or alias.name: f"{package}.{alias.name}" for alias in node.names}
    return names


def _package(module: Module, node: ast.ImportFrom) -> str:
    """Return the module that a `from` names, dots counted from this one."""
    if not node.level:
        return node.module or ""
    is_package = module.path.name == "__init__.py"
    parts = module.name.split(".")
    above = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*above, *filter(None, (node.module,))])


def _evaluated_outside(function: ast.AST) -> tuple[ast.AST, ...]:
    """Return the parts of a definition that run where it stands: decorators and default values."""
    if not isinstance(function, FunctionNode):
        return ()
    return (*function.decorator_list, function.args) if isinstance(function, FunctionNode) else ()
