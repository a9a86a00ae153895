"""What an opened thing is kept by: the variables, refs and attributes from which it can be closed again."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ast_grep_py import SgNode

from overstay.scan.web.script import (
    FUNCTIONS,
    TRANSPARENT,
    Call,
    Function,
    Script,
    Span,
    is_path,
    path_of,
    per_script,
    span_of,
)

_KEEPERS = ("push", "add", "set", "unshift", "append")
_PASSING = re.compile(
    r"^(?:React\.)?(?:useRef|useState|useMemo|ref|shallowRef|reactive|markRaw|toRaw|Number|\$state(?:\.raw)?)$"
)
"""Calls that give back what they are given, or a box of it."""
_PLAYERS = frozenset(("Audio", "Image", "Worker"))
"""Constructions that take an address and do not let go of it."""
_DROPPING = re.compile(
    r"(?:\.(?:forEach|then|catch|finally|on|once|addEventListener|addListener)|set(?:Timeout|Interval)|onMount(?:ed)?"
    r"|requestAnimationFrame|queueMicrotask|nextTick|tick|\buse\w*Effect\w*)$"
)
"""Calls that do nothing with what their function returns, unless it returns a function."""
_FOLLOWED = frozenset(("catch", "finally"))


@dataclass(frozen=True, order=True, slots=True)
class Name:
    """A path such as `this.timer`, and the stretch of the script in which it means one thing."""

    path: str
    scope: Span


@dataclass(frozen=True, slots=True)
class Handle:
    """How an opened thing can be reached: by names, by nothing, or by code that is not in the file."""

    state: Literal["kept", "dropped", "elsewhere"]
    names: frozenset[Name] = frozenset()

    def __or__(self, other: "Handle") -> "Handle":
        return Handle("kept" if self.names or other.names else self.state, self.names | other.names)


DROPPED = Handle("dropped")
ELSEWHERE = Handle("elsewhere")


def name_at(script: Script, path: str, position: int) -> Name:
    """Return the name that a path is at a position."""
    return Name(path, script.scope_of(path, position))


def handle_of(script: Script, call: Call) -> Handle:
    """Return what keeps the value of a call, with every other name that it is given."""
    found = _keeper(script, call.node, depth=3)
    names = aliases(script, found.names)
    for function in script.around(call.span[0]):
        local = [re.escape(each.path) for each in names if each.scope == function.span]
        code = script.code[function.span[0] : function.span[1]]
        if any(re.search(rf"\breturn\s+new\s+(?!Audio|Image|Worker)[\w.]+\([^;()]*\b{each}\b", code) for each in local):
            return ELSEWHERE
        if function.name and any(re.search(rf"\breturn\s+{each}\s*[,;\n}})]", code) for each in local):
            given = _callers_handle(script, function, depth=2)
            # What a hook hands to its component ends with both; any other caller may keep it longer.
            if given.state == "elsewhere" and not re.match(r"use[A-Z]", function.name):
                return ELSEWHERE
            found |= given
    return Handle(found.state, aliases(script, found.names)) if found.names else found


def aliases(script: Script, names: Iterable[Name]) -> frozenset[Name]:
    """Return the names and all others that something is given from them or to them."""
    known = set(names)
    pairs = _gifts(script)
    while new := {other for one, two in pairs for name, other in ((one, two), (two, one)) if name in known} - known:
        known |= new
    return frozenset(known)


def _keeper(script: Script, node: SgNode, depth: int) -> Handle:
    child, above = node, node.parent()
    while above is not None:
        kind = above.kind()
        if kind in TRANSPARENT or kind in ("binary_expression", "spread_element", "array"):
            child, above = above, above.parent()
        elif kind == "member_expression":
            after = _after(script, above)
            if not isinstance(after, SgNode):
                return after
            child, above = after, after.parent()
        elif kind == "arguments":
            call = above.parent()
            given = _given_to(script, call) if call is not None else DROPPED
            if given is not None:
                return given
            child, above = above.parent() or above, (above.parent() or above).parent()
        else:
            return _kept_by(script, above, child, depth)
    return DROPPED


def _after(script: Script, member: SgNode) -> Handle | SgNode:
    """Return what keeps the value on which a method is called: `.then(name => ...)` does, `.observe(...)` does not."""
    call = member.parent()
    if call is None or call.kind() != "call_expression" or call.field("function") != member:
        return ELSEWHERE
    method = (member.field("property") or member).text()
    arguments = call.field("arguments")
    if method == "then" and arguments is not None:
        return _first_parameter(script, arguments)
    return call if method in _FOLLOWED else DROPPED


def _first_parameter(script: Script, arguments: SgNode) -> Handle:
    for argument in arguments.named_children():
        called = [each for each in script.functions if each.span == span_of(argument)]
        called = called or list(script.by_name.get(path_of(argument.text()).rpartition(".")[2], ()))
        if called and called[0].parameters:
            return Handle("kept", frozenset((Name(called[0].parameters[0], called[0].span),)))
        return ELSEWHERE
    return DROPPED


def _given_to(script: Script, call: SgNode) -> Handle | None:
    """Return what a call does with its argument; None where it gives it back."""
    callee = (call.field("function") or call.field("constructor") or call).text()
    method = callee.rpartition(".")[2]
    if _PASSING.match(callee):
        return None
    if method in _KEEPERS and "." in callee:
        return _named(script, path_of(callee.rpartition(".")[0]), call)
    if callee in _PLAYERS:
        kept = _keeper(script, call, depth=1)
        return Handle(kept.state, frozenset(Name(f"{each.path}.src", each.scope) for each in kept.names))
    setter = re.fullmatch(r"set([A-Z])(\w*)", callee)
    if setter:
        return _named(script, setter[1].lower() + setter[2], call)
    return ELSEWHERE


def _kept_by(script: Script, above: SgNode, child: SgNode, depth: int) -> Handle:
    kind = above.kind()
    if kind in ("variable_declarator", "public_field_definition"):
        target = above.field("name") or above
        first = target.named_children()[:1] if target.kind() == "array_pattern" else []
        name = path_of((first[0] if first else target).text())
        return _named(script, name if kind == "variable_declarator" else f"this.{name}", above)
    if kind in ("assignment_expression", "augmented_assignment_expression"):
        further = (
            _keeper(script, above, depth) if (above.parent() or above).kind() != "expression_statement" else DROPPED
        )
        return _named(script, path_of((above.field("left") or above).text()), above) | further
    if kind == "pair":
        return _named(script, "*." + (above.field("key") or above).text(), above)
    if kind == "return_statement" or (kind in FUNCTIONS and child == above.field("body")):
        return _returned(script, above, depth)
    if kind in ("expression_statement", "unary_expression", "jsx_expression", "if_statement"):
        return DROPPED
    return ELSEWHERE


def _named(script: Script, path: str, node: SgNode) -> Handle:
    if not is_path(path.removeprefix("*.")):
        return ELSEWHERE
    return Handle("kept", frozenset((name_at(script, path, span_of(node)[0]),)))


def _returned(script: Script, node: SgNode, depth: int) -> Handle:
    """Return what keeps the value that a function returns: what its callers in the file do with it."""
    start = span_of(node)[0]
    function = next(
        each for each in script.around(start) if each.span == span_of(node) or node.kind() == "return_statement"
    )
    return _callers_handle(script, function, depth) if function.name else _of_unnamed(script, function, depth)


def _callers_handle(script: Script, function: Function, depth: int) -> Handle:
    calls = [each for each in script.calls if each.name == function.name and not each.is_new]
    if not calls or not depth:
        # An expression that is handed over as a handler returns its value to nobody who would keep it.
        return DROPPED if function.is_expression and function.name.startswith("on") else ELSEWHERE
    kept = [_keeper(script, each.node, depth - 1) for each in calls]
    return next((each for each in kept if each.state != "dropped"), DROPPED)


def _of_unnamed(script: Script, function: Function, depth: int) -> Handle:
    """Return what keeps the value of a function that is an argument: what the call that it is given to does with it."""
    arguments = function.node.parent()
    call = arguments.parent() if arguments is not None and arguments.kind() == "arguments" else None
    callee = "" if call is None else (call.field("function") or call.field("constructor") or call).text()
    if call is not None and (_PASSING.match(callee) or callee.endswith((".map", ".flatMap", ".from"))):
        return _keeper(script, call, depth)
    return DROPPED if function.is_expression and (call is None or _DROPPING.search(callee)) else ELSEWHERE


_PATH = r"[\w$]+(?:\s*(?:\?\.|!?\.)\s*[\w$]+|\[[^\]\n]*\])*!?"
_GIVEN = re.compile(
    rf"\b(?P<to>{_PATH})\s*(?::[^=;\n]+?)?(?<![=!<>+*/-])=(?![=>])\s*(?:await\s+)?"
    rf"(?=(?P<from>{_PATH})(?P<called>\([^()]*\))?!?\s*(?:as\b|[;,)\n}}]|\?\?|\|\|))"
)
_SET = re.compile(rf"\bset(?P<initial>[A-Z])(?P<to>\w*)\(\s*(?P<from>{_PATH})\s*\)")
_PUT = re.compile(rf"(?P<to>{_PATH})\s*\??\.(?:{'|'.join(_KEEPERS)})\((?P<from>[^()]*)\)")
_FOR = re.compile(r"\bfor\s*\(\s*(?:const|let|var)\s+(?P<to>\w+|\[[\w,\s]*\])\s+of\s+(?P<from>[^{;]*?)\)\s*[{\w]")
_EACH = re.compile(
    rf"(?P<from>{_PATH}|\([^()]*\)|\[[^\[\]]*\])(?:\s*\??\.\w+\([^()]*\))*\s*\??\.(?:forEach|map)\("
    r"\s*(?:async\s*)?(?:function\s*\w*\s*)?\(?\s*(?P<to>\w+|\[[\w,\s]*\])"
)
_SOURCE = re.compile(rf"\b(?P<to>\w+)\s*=\s*new\s+(?:Audio|Image|Worker)\(\s*(?P<from>{_PATH})\s*[,)]")
_METHOD = re.compile(r"\s*\??\.\w+\(\)")
_TAKING = re.compile(r"\.(?:get|at|pop|shift|find)$")
"""Methods that give one of what a collection keeps."""
_NOTHING = frozenset(("null", "undefined", "true", "false", "this", "NaN", ""))


@per_script
def _gifts(script: Script) -> list[tuple[Name, Name]]:
    """Return pairs of names of one thing: by declaration, assignment, a state's setter, collections and their loops."""
    found = []
    for pattern in (_GIVEN, _SET, _PUT, _FOR, _EACH, _SOURCE):
        for match in pattern.finditer(script.code):
            # The parameter of a loop belongs to the function that begins behind it.
            position = match.end() if pattern is _EACH else match.start("to")
            to = [name_at(script, path, position) for path in _receivers(pattern, match)]
            given = [name_at(script, path, match.start("from")) for path in _givers(pattern, match)]
            found += [(one, other) for one in to for other in given if other.path not in _NOTHING]
    return found


def _receivers(pattern: re.Pattern[str], match: re.Match[str]) -> list[str]:
    if pattern in (_FOR, _EACH):
        return re.findall(r"\w+", match["to"])
    if pattern is _SET:
        return [match["initial"].lower() + match["to"]]
    return [path_of(match["to"]) + (".src" if pattern is _SOURCE else "")]


def _givers(pattern: re.Pattern[str], match: re.Match[str]) -> list[str]:
    if pattern is _GIVEN and match["called"]:
        collection = _TAKING.sub("", match["from"])
        return [path_of(collection)] if collection != match["from"] else []
    return [path_of(each) for each in re.findall(_PATH, _METHOD.sub("", match["from"]))]


def refers(script: Script, node: SgNode, names: Iterable[Name]) -> bool:
    """Tell whether an expression is, or is reached through, one of the names."""
    path, position = path_of(node.text()), span_of(node)[0]
    for name in names:
        if name.path.startswith("*."):
            if path.endswith(name.path[1:]) or path == name.path[2:]:
                return True
        elif (path == name.path or path.startswith(f"{name.path}.")) and script.scope_of(path, position) == name.scope:
            return True
    return False
