"""The mechanical fixes: a file's text with some matches mended, made with libcst so that all else stays as it is.

A mended text is given only if it compiles and the rule no longer matches there. A fix is safe when the program does
what it did before, and only keeps or lets go of what the rule is about; the others are shown and never applied.
"""

import ast
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from overstay.scan.python.model import Project
from overstay.scan.python.module import Module
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_STORE = "_background_tasks"
SAFE = frozenset(("task-without-owner", "task-set-without-discard"))
_REMOVER = {"add": "discard", "append": "remove"}
Statements = cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]


@dataclass(frozen=True, slots=True)
class Target:
    """A match to be mended: its rule and place."""

    rule: str
    line: int
    column: int


def target_of(rule: Rule[Any], match: Match) -> Target:
    """Return where a match is."""
    return Target(rule.id, match.line, match.column)


def mended(unit: Unit, targets: Sequence[Target], rules: Mapping[str, Rule[Any]]) -> str | None:
    """Return the module's text with these matches mended; None where one of them has no mechanical fix."""
    text = "\n".join(unit.module.lines) + "\n"
    try:
        wrapper = MetadataWrapper(cst.parse_module(text))
    except cst.ParserSyntaxError:
        return None
    mender = _Mender(targets, text)
    tree = wrapper.visit(mender)
    if len(mender.done) < len(set(targets)):
        return None
    after = (_with_store(tree, text) if mender.needs_store else tree).code
    return after if _passes(unit, after, targets, rules) else None


def diff(before: str, after: str, file: str) -> str:
    """Return the unified diff of a file's text."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{file}", f"b/{file}", lineterm="")
    return "\n".join(lines)


def _passes(unit: Unit, text: str, targets: Sequence[Target], rules: Mapping[str, Rule[Any]]) -> bool:
    """Tell whether a text compiles, and each rule matches as many times less as was mended."""
    try:
        compile(text, str(unit.module.path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError:
        return False
    module = Module(unit.module.path, unit.module.name, text, ast.parse(text))
    others = [module if each is unit.module else each for each in unit.project.modules]
    after = Unit(module, Project(others, unit.project.lints))
    for name in {target.rule for target in targets}:
        count = sum(target.rule == name for target in set(targets))
        if len(list(rules[name].check(after))) > len(list(rules[name].check(unit))) - count:
            return False
    return True


class _Mender(cst.CSTTransformer):
    """Mends the statements at the targets, and notes which of them it could."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, targets: Sequence[Target], text: str) -> None:
        super().__init__()
        self._targets = {(target.line, target.column): target for target in targets}
        self.done: set[Target] = set()
        self.needs_store = False
        self._task = "background_task" if re.search(r"\btask\b", text) else "task"

    def leave_SimpleStatementLine(  # noqa: N802 - libcst's name
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Statements:
        if len(original_node.body) != 1:
            return updated_node
        target = self._target(original_node.body[0])
        mend = _MENDS.get(target.rule) if target else None
        new = mend(updated_node, self._task) if mend else None
        if target is None or new is None:
            return updated_node
        self.done.add(target)
        self.needs_store |= target.rule == "task-without-owner"
        return cst.FlattenSentinel(new)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802 - as above
        target = self._target(original_node)
        if target is None or target.rule != "unbounded-queue" or updated_node.args:
            return updated_node
        self.done.add(target)
        limit = cst.Arg(cst.Integer("100"), cst.Name("maxsize"), equal=_TIGHT)
        return updated_node.with_changes(args=[limit])

    def leave_ExceptHandler(  # noqa: N802 - as above
        self, original_node: cst.ExceptHandler, updated_node: cst.ExceptHandler
    ) -> cst.ExceptHandler:
        target = self._target(original_node)
        if (
            target is None
            or target.rule != "cancellation-swallowed"
            or not isinstance(updated_node.body, cst.IndentedBlock)
        ):
            return updated_node
        self.done.add(target)
        kept = [each for each in updated_node.body.body if not _is_nothing(each)]
        body = updated_node.body.with_changes(body=[*kept, cst.parse_statement("raise")])
        return updated_node.with_changes(body=body)

    def _target(self, node: cst.CSTNode) -> Target | None:
        place = self.get_metadata(PositionProvider, node).start
        return self._targets.get((place.line, place.column))


_TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def _is_nothing(statement: cst.BaseStatement) -> bool:
    """Tell whether a statement is `pass` or `continue`, which would stand before or instead of the `raise`."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return all(isinstance(each, cst.Pass | cst.Continue) for each in statement.body)


def _kept(line: cst.SimpleStatementLine, task: str) -> list[cst.BaseStatement] | None:
    """Return a bare start of a task with its task kept in the module's set until it ends."""
    [statement] = line.body
    if not isinstance(statement, cst.Expr) or not isinstance(statement.value, cst.Call):
        return None
    if _name_of(statement.value.func) not in ("create_task", "ensure_future"):
        return None
    given = cst.Assign([cst.AssignTarget(cst.Name(task))], statement.value)
    return [
        line.with_changes(body=[given]),
        cst.parse_statement(f"{_STORE}.add({task})"),
        cst.parse_statement(f"{task}.add_done_callback({_STORE}.discard)"),
    ]


def _discarded(line: cst.SimpleStatementLine, _: str) -> list[cst.BaseStatement] | None:
    """Return a task's way into a set or list, followed by its way out."""
    [statement] = line.body
    call = statement.value if isinstance(statement, cst.Expr) else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
        return None
    kept, remover = call.args[0].value, _REMOVER.get(call.func.attr.value)
    if not isinstance(kept, cst.Name) or remover is None:
        return None
    container = cst.Module([]).code_for_node(call.func.value)
    return [line, cst.parse_statement(f"{kept.value}.add_done_callback({container}.{remover})")]


_MENDS: Mapping[str, Callable[[cst.SimpleStatementLine, str], list[cst.BaseStatement] | None]] = {
    "task-without-owner": _kept,
    "task-set-without-discard": _discarded,
}


def _name_of(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _with_store(tree: cst.Module, text: str) -> cst.Module:
    """Return a module with the set that keeps its tasks, after its first imports; unchanged where it has that set."""
    if re.search(rf"^{_STORE}\b", text, re.MULTILINE):
        return tree
    at = next((n for n, each in enumerate(tree.body) if not (n == 0 and _is_text(each)) and not _is_import(each)), 0)
    has_asyncio = any(tree.code_for_node(each).strip() == "import asyncio" for each in tree.body[:at])
    store = cst.parse_statement(f"{_STORE}{': set[asyncio.Task]' if has_asyncio else ''} = set()")
    spaced = store.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return tree.with_changes(body=[*tree.body[:at], spaced, *tree.body[at:]])


def _is_text(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    [*_, last] = statement.body
    return isinstance(last, cst.Expr) and isinstance(last.value, cst.SimpleString | cst.ConcatenatedString)


def _is_import(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return any(isinstance(each, cst.Import | cst.ImportFrom) for each in statement.body)
