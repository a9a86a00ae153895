"""Mechanical fixes: the clean-up of an effect that returns none.

A fix is made only where it needs no thought: the effect is a function with a block, it is not async, it returns
nothing, and the opening stands in its outermost block. Everything else (a microphone that is granted later, a loop of
frames, a handler that a component does not keep) is left to a person. A result that does not parse, or that the rule
still matches, is thrown away.
"""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ast_grep_py import Edit, SgNode

from overstay.scan.rule import Match, Rule
from overstay.scan.web.owners import owners_of
from overstay.scan.web.reading import script_of
from overstay.scan.web.rules import RULES
from overstay.scan.web.script import FUNCTIONS, Call, Function, Script, span_of

_CLOSERS = {
    "interval-without-clear": ("interval", "clearInterval({name})"),
    "timeout-without-clear": ("timeout", "clearTimeout({name})"),
    "observer-without-disconnect": ("observer", "{name}.disconnect()"),
    "websocket-without-close": ("connection", "{name}.close()"),
    # What `close` returns is a promise, and a clean-up must return nothing.
    "audio-context-without-close": ("context", "void {name}.close()"),
    "worker-without-terminate": ("worker", "{name}.terminate()"),
    "object-url-without-revoke": ("url", "URL.revokeObjectURL({name})"),
}
"""The name that a thing gets which has none, and the code that closes it."""

Found = tuple[Rule[Script], Match]


@dataclass(frozen=True, slots=True)
class _Change:
    """The edits that give an opening a name, and the code of the clean-up that closes it."""

    edits: tuple[Edit, ...]
    closing: str


def diff_of(script: Script, rule: Rule[Script], match: Match, name: str) -> str | None:
    """Return the fix of one match as a unified diff of the file called `name`; None where it is not mechanical."""
    after = _apply(script, [(rule, match)])
    if after is None:
        return None
    old, new = script.source.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, fromfile=f"a/{name}", tofile=f"b/{name}"))


def fixed(script: Script, found: Sequence[Found] | None = None) -> str:
    """Return the file's text with every mechanical fix made: of the given matches, or of all."""
    pairs = [(rule, match) for rule in RULES for match in rule.check(script)] if found is None else found
    after = _apply(script, pairs)
    return script.source if after is None else after


def _apply(script: Script, found: Sequence[Found]) -> str | None:
    edits: list[Edit] = []
    mended: list[Found] = []
    effects = [effect for owner in owners_of(script) for effect in owner.effects if _is_open(script, effect)]
    for effect in effects:
        changes = [(pair, change) for pair in found if (change := _change(script, effect, *pair)) is not None]
        if changes:
            edits += [edit for _, change in changes for edit in change.edits]
            edits.append(_clean_up(script, effect, [change.closing for _, change in changes]))
            mended += [pair for pair, _ in changes]
    after = _edited(script.source, edits)
    return after if mended and _is_mended(script, after, mended) else None


def _edited(text: str, edits: list[Edit]) -> str:
    """Return the text with the edits made, in its own line ends."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    # From the end on, so that positions stay; of two that begin together, what is put in before the other comes last.
    for edit in sorted(edits, key=lambda edit: (edit.start_pos, edit.end_pos), reverse=True):
        new = re.sub("\r?\n", line_end, edit.inserted_text)
        text = text[: edit.start_pos] + new + text[edit.end_pos :]
    return text


def _is_mended(script: Script, after: str, mended: Sequence[Found]) -> bool:
    """Tell whether the new text parses as well as the old one, and the rules no longer match what was fixed."""
    new = script_of(script.path, after)
    if len(new.nodes("ERROR")) > len(script.nodes("ERROR")):
        return False
    gone = Counter(rule.id for rule, _ in mended)
    rules = {rule.id: rule for rule, _ in mended}
    return all(len(list(rule.check(new))) + gone[rule.id] == len(list(rule.check(script))) for rule in rules.values())


def _is_open(script: Script, effect: Function) -> bool:
    """Tell whether a clean-up can be put at the end of an effect: nothing is returned there, and the end is reached."""
    body = effect.node.field("body")
    if body is None or effect.is_async or effect.is_expression:
        return False
    own = [each for each in body.find_all(kind="return_statement") if script.around(span_of(each)[0])[0] == effect]
    statements = body.named_children()
    ends = bool(statements) and statements[-1].kind() in ("return_statement", "throw_statement")
    return not ends and not any(each.named_children() for each in own)


def _change(script: Script, effect: Function, rule: Rule[Script], match: Match) -> _Change | None:
    """Return the change for one opening; None where it does not stand in the effect's outermost block by itself."""
    call = _call_at(script, match)
    body = effect.node.field("body")
    statement = None if call is None or body is None else _statement_in(call.node, body)
    if call is None or statement is None or script.around(call.span[0])[0] != effect:
        return None
    if rule.id == "listener-without-removal":
        return _listener_change(script, call, statement)
    if rule.id not in _CLOSERS:
        return None
    name, closer = _CLOSERS[rule.id]
    kept = _kept_in(call.node, statement)
    if kept:
        is_plain = re.fullmatch(r"[\w$]+", kept) is not None
        # What a ref holds may be null by then, and a timer's closer takes undefined only.
        path = kept if is_plain else f"{kept} ?? undefined" if "({name})" in closer else f"{kept}?"
        return _Change((), closer.format(name=path))
    name = _free(script, name)
    return _Change(_named(script, call, statement, name), closer.format(name=name))


def _call_at(script: Script, match: Match) -> Call | None:
    """Return the call that a match is about: of those that begin there, the one that opens."""
    position = script.position_of(match.line, match.column)
    at = [each for each in script.calls if each.span[0] == position]
    return next((each for each in at if each.name == match.facts.get("what", "addEventListener")), None)


def _statement_in(node: SgNode, block: SgNode) -> SgNode | None:
    """Return the statement of a block in which a node stands; None for one that has statements of its own."""
    here = node
    while (above := here.parent()) is not None and above != block:
        here = above
    plain = ("expression_statement", "lexical_declaration", "variable_declaration")
    return here if above is not None and here.kind() in plain else None


def _kept_in(node: SgNode, statement: SgNode) -> str:
    """Return what the statement itself keeps the opening in: a variable, a ref; empty where it is nothing."""
    above = node.parent()
    if above is not None and above.kind() == "variable_declarator":
        name = above.field("name")
        return name.text() if name is not None and name.kind() == "identifier" else ""
    if above is not None and above.kind() == "assignment_expression" and above.parent() == statement:
        return (above.field("left") or above).text()
    return ""


def _named(script: Script, call: Call, statement: SgNode, name: str) -> tuple[Edit, ...]:
    """Return the edits that give what a call returns a name before it is used."""
    text = call.node.text()
    whole = statement.text().rstrip(";")
    if whole == text:
        return (call.node.replace(f"const {name} = {text}"),)
    return (_before(script, statement, f"const {name} = {text};"), call.node.replace(name))


def _before(script: Script, statement: SgNode, code: str) -> Edit:
    """Return the edit that puts code before a statement: on a line of its own where the statement has one."""
    edit = statement.replace("")
    edit.end_pos = edit.start_pos
    indent = _before_on_line(script, edit.start_pos)
    edit.inserted_text = f"{code} " if indent.strip() else f"{code}\n{indent}"
    return edit


def _before_on_line(script: Script, position: int) -> str:
    return script.source[script.source.rfind("\n", 0, position) + 1 : position]


def _free(script: Script, name: str) -> str:
    """Return the name, with a number where the script has it already."""
    names = [name, *(f"{name}{number}" for number in range(2, 100))]
    return next(each for each in names if not re.search(rf"\b{each}\b", script.code))


def _listener_change(script: Script, call: Call, statement: SgNode) -> _Change | None:
    function = call.node.field("function")
    options = call.arguments[2].text() if len(call.arguments) > 2 else ""
    if (
        function is None
        or len(call.arguments) < 2
        or "signal" in options
        or statement.text().rstrip(";") != call.node.text()
    ):
        return None
    event, handler = call.arguments[0], call.arguments[1]
    removing = function.text().replace("addEventListener", "removeEventListener")
    edits: tuple[Edit, ...] = ()
    name = handler.text()
    if handler.kind() in (*FUNCTIONS, "call_expression"):
        words = re.findall(r"[A-Za-z]+", event.text())
        name = _free(script, "on" + "".join(word.capitalize() for word in words) if words else "listener")
        edits = (_before(script, statement, f"const {name} = {handler.text()};"), handler.replace(name))
    given = ", ".join(filter(None, (event.text(), name, options)))
    return _Change(edits, f"{removing}({given})")


def _clean_up(script: Script, effect: Function, closings: Sequence[str]) -> Edit:
    """Return the edit that puts the clean-up at the end of an effect."""
    body = effect.node.field("body")
    assert body is not None
    edit = body.replace("")
    last = [child for child in body.named_children() if child.kind() != "comment"][-1]
    end = span_of(last)[1]
    before = _before_on_line(script, span_of(last)[0])
    indent = before[: len(before) - len(before.lstrip())]
    stop = "" if last.text().endswith((";", "}")) else ";"
    if "\n" not in body.text():
        code = f"{stop} return () => {_one_line(closings)};"
    elif len(closings) == 1:
        code = f"{stop}\n{indent}return () => {closings[0]};"
    else:
        lines = "".join(f"{indent}  {closing};\n" for closing in closings)
        code = f"{stop}\n{indent}return () => {{\n{lines}{indent}}};"
    # After a remark at the end of the last line, not in it.
    rest = script.source[end : span_of(body)[1] - 1]
    remark = re.match(r"[ \t]*//[^\n]*", rest)
    edit.start_pos = edit.end_pos = end + (remark.end() if remark else 0)
    edit.inserted_text = code
    return edit


def _one_line(closings: Sequence[str]) -> str:
    return closings[0] if len(closings) == 1 else "{ " + " ".join(f"{closing};" for closing in closings) + " }"
