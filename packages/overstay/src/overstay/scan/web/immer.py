"""Which values of a script are states that Immer has frozen, and where the code changes them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ast_grep_py import SgNode

from overstay.scan.web.script import Call, Function, Script, Span, callee_path, span_of

_HOOKS = re.compile(r"^(?:useImmer|useImmerReducer|useSelector|useAppSelector)$")
_PICKING = frozenset(("find", "findLast", "at"))
"""Methods that give an element of the state itself, no copy."""
_CHANGING = frozenset(("push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"))
_STORE = re.compile(
    r"\bconst\s+([\w$]+)\s*(?::[^=\n]+)?=\s*create(?:Store|WithEqualityFn)?\b[^;]{0,400}?\bimmer\s*\(", re.S
)
_REDUX_STORE = re.compile(r"\bconst\s+([\w$]+)\s*=\s*configureStore\b")


@dataclass(frozen=True, slots=True)
class State:
    """A name that stands for a state, in the function where it does."""

    name: str
    span: Span
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that changes something in place: the root of what is changed, and where."""

    root: SgNode
    span: Span


def stores_in(text: str) -> set[str]:
    """Return the names of the stores of a file whose state Immer freezes."""
    names = set(_REDUX_STORE.findall(text))
    return names | set(_STORE.findall(text)) if "immer" in text else names


def states_of(script: Script) -> list[State]:
    """Return the names of frozen states, with those of their parts."""
    found: list[State] = []
    for node in script.nodes("variable_declarator"):
        value, target = node.field("value"), node.field("name")
        if value is not None and target is not None:
            source = _source_of(script, value, found)
            if source:
                found += [State(name, _scope(script, span_of(node)[0]), source) for name in _names(target, source)]
    return found + list(_elements(script, found))


def changes_of(script: Script) -> Iterator[Change]:
    """Yield the places that change an object or list in place."""
    for node in script.nodes(
        "assignment_expression", "augmented_assignment_expression", "update_expression", "unary_expression"
    ):
        target = node.field("left") or node.field("argument")
        if target is None or (node.kind() == "unary_expression" and not node.text().startswith("delete")):
            continue
        if target.kind() in ("member_expression", "subscript_expression"):
            yield Change(root_of(target), span_of(node))
    for call in script.calls:
        function = call.node.field("function")
        receiver = function.field("object") if function is not None else None
        if call.name in _CHANGING and receiver is not None:
            yield Change(root_of(receiver), call.span)
        elif call.callee == "Object.assign" and call.arguments:
            yield Change(root_of(call.arguments[0]), call.span)


def root_of(node: SgNode) -> SgNode:
    """Return what an expression is a part of: `state` for `state.items[0]` and `state.items.find(...)`."""
    here = node
    for _ in range(64):
        kind = here.kind()
        below: SgNode | None = None
        if kind in ("member_expression", "subscript_expression"):
            below = here.field("object")
        elif kind in ("non_null_expression", "parenthesized_expression", "as_expression"):
            below = next(iter(here.named_children()), None)
        elif kind == "call_expression" and (function := here.field("function")) is not None:
            is_picked = (
                function.kind() == "member_expression" and (function.field("property") or here).text() in _PICKING
            )
            below = function.field("object") if is_picked else None
        if below is None:
            return here
        here = below
    return here


def is_store_state(script: Script, node: SgNode) -> bool:
    """Tell whether a call gives a store's own state: `useStore(...)`, `useStore.getState()`, `get()` in the store."""
    callee = node.field("function") if node.kind() == "call_expression" else None
    path = "" if callee is None else callee_path(callee)
    name = path.removesuffix(".getState").rpartition(".")[2]
    if name in script.immer_stores and (path.endswith(".getState") or name.startswith("use")):
        return True
    return path == "get" and any(name in script.immer_stores for name in stores_in(script.text))


def producers(script: Script) -> Iterator[Function]:
    """Yield the functions that Immer calls with a draft."""
    setters = set(re.findall(r"\[\s*[\w$]*\s*,\s*([\w$]+)\s*\]\s*=\s*useImmer\b", script.code))
    uses_immer = bool(stores_in(script.text)) and "immer" in script.text
    for call in script.calls:
        is_producing = call.name == "produce" or call.name in setters or (call.callee == "set" and uses_immer)
        yield from (each for each in (_given(script, call) if is_producing else ()) if each.parameters)


def _given(script: Script, call: Call) -> list[Function]:
    spans = {span_of(argument) for argument in call.arguments[:2]}
    return [each for each in script.functions if each.span in spans]


def _source_of(script: Script, value: SgNode, known: list[State]) -> str:
    """Return what makes a value a state; empty where it is none."""
    callee = value.field("function") if value.kind() == "call_expression" else None
    path = "" if callee is None else callee_path(callee)
    if _HOOKS.match(path):
        return path
    if path == "produce" and len((value.field("arguments") or value).named_children()) > 1 and "immer" in script.text:
        return "produce"
    root = root_of(value)
    if is_store_state(script, root):
        return callee_path(root.field("function") or root)
    if root != value and root.kind() == "identifier":
        return next((each.source for each in known if is_meant(script, root, each)), "")
    return ""


def _names(target: SgNode, source: str) -> list[str]:
    if target.kind() == "identifier":
        return [target.text()]
    names = [
        each.text()
        for each in target.find_all(any=[{"kind": "identifier"}, {"kind": "shorthand_property_identifier_pattern"}])
    ]
    return names[:1] if target.kind() == "array_pattern" and source.startswith("useImmer") else names


def _scope(script: Script, position: int) -> Span:
    around = script.around(position)
    return around[0].span if around else (0, len(script.text))


def is_meant(script: Script, identifier: SgNode, state: State) -> bool:
    """Tell whether an identifier stands for the state, and not for a parameter of the same name."""
    start = span_of(identifier)[0]
    if identifier.text() != state.name or not state.span[0] <= start < state.span[1]:
        return False
    inner = [each for each in script.around(start) if each.span[0] > state.span[0] or each.span[1] < state.span[1]]
    return not any(state.name in each.parameters for each in inner)


def _elements(script: Script, states: list[State]) -> Iterator[State]:
    """Yield the names of a state's elements in loops over it."""
    for node in script.nodes("for_in_statement"):
        left, right = node.field("left"), node.field("right")
        if left is not None and right is not None and " of " in node.text()[:200]:
            for state in states:
                if is_meant(script, root_of(right), state):
                    yield State(left.text(), span_of(node), state.source)
    for call in script.calls:
        function = call.node.field("function")
        if call.name == "forEach" and function is not None and (inner := _given(script, call)):
            for state in states:
                if is_meant(script, root_of(function.field("object") or function), state) and inner[0].parameters:
                    yield State(inner[0].parameters[0], inner[0].span, state.source)
