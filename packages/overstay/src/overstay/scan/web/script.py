"""One file's script as the web rules read it: the syntax tree, its functions and calls, and the bare code.

Rules ask two kinds of questions. What a call is and where it stands is asked of the tree. What a stretch of code
mentions is asked of `code`, the text with strings, comments and markup blanked: offsets are the same in both, and a
search there cannot be misled by a word in a sentence. Scope analysis of all of JavaScript would answer more, and would
be a compiler.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

from ast_grep_py import SgNode, SgRoot

from overstay.scan.rule import Match
from overstay.scan.web.markup import blank

Dialect = Literal["typescript", "tsx"]
Span = tuple[int, int]
Result = TypeVar("Result")

FUNCTIONS = ("function_declaration", "function_expression", "arrow_function", "method_definition")
CLASSES = ("class_declaration", "class", "abstract_class_declaration")
TRANSPARENT = frozenset(
    (
        *("parenthesized_expression", "await_expression", "as_expression", "satisfies_expression"),
        *("non_null_expression", "ternary_expression", "sequence_expression"),
    )
)
"""What an expression passes through unchanged on its way to where it is kept."""
_TEXT = ("comment", "html_comment", "string_fragment", "escape_sequence", "regex_pattern", "jsx_text")
_KEEPING = ("variable_declarator", "public_field_definition", "assignment_expression", "pair")
_WORD = r"[A-Za-z_$][\w$]*"
_WRAPPERS = re.compile(r"^(?:\w+\.)?(?:use[A-Z]\w*Callback\w*|useCallback|useEvent\w*|useMemoizedFn|memo|forwardRef"
                       r"|observer|debounce|throttle|useRef|ref|defineComponent)$")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the script; `name` is what the code calls it by, empty where it has no name."""

    node: SgNode
    span: Span
    name: str
    is_async: bool
    parameters: tuple[str, ...]

    @property
    def is_expression(self) -> bool:
        """Whether the body is one expression, whose value the function returns."""
        body = self.node.field("body")
        return body is not None and body.kind() != "statement_block"


@dataclass(frozen=True, slots=True)
class Call:
    """A call or a construction; `callee` is a path such as `window.setInterval`."""

    node: SgNode
    span: Span
    callee: str
    arguments: tuple[SgNode, ...]
    is_new: bool

    @property
    def name(self) -> str:
        """The last word of the callee."""
        return self.callee.rpartition(".")[2]

    @property
    def receiver(self) -> str:
        """What the method is called on; empty for a plain function."""
        return self.callee.rpartition(".")[0]


@dataclass(frozen=True, eq=False)
class Script:
    """The script of one file. `text` is its `source` with everything blank that is no script."""

    path: Path
    source: str
    text: str
    dialect: Dialect
    immer_stores: frozenset[str] = field(default=frozenset(), repr=False)
    """The names, in all of the project, of store hooks that Immer freezes the state of."""

    @cached_property
    def root(self) -> SgNode:
        """The syntax tree; tree-sitter makes one of any text, with error nodes where it does not parse."""
        return SgRoot(self.text, self.dialect).root()

    @cached_property
    def code(self) -> str:
        """The text with strings, comments, regular expressions and markup blanked."""
        parts, end = [], 0
        for node in self.nodes(*_TEXT):
            start, stop = span_of(node)
            if start >= end:
                parts += [self.text[end:start], blank(self.text[start:stop])]
                end = stop
        return "".join([*parts, self.text[end:]])

    def nodes(self, *kinds: str) -> list[SgNode]:
        """Return the nodes of these kinds, in the order of the text."""
        return self.root.find_all({"rule": {"any": [{"kind": kind} for kind in kinds]}})

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions, outer before inner."""
        names = _names(self)
        return tuple(_function(node, names) for node in self.nodes(*FUNCTIONS))

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The calls and constructions, in the order of the text, outer before inner."""
        return tuple(_call(node) for node in self.nodes("call_expression", "new_expression"))

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Function, ...]]:
        """The functions that have a name."""
        named: dict[str, tuple[Function, ...]] = {}
        for function in self.functions:
            if function.name:
                named[function.name] = (*named.get(function.name, ()), function)
        return named

    @cached_property
    def declared(self) -> Mapping[str, tuple[Span, ...]]:
        """The stretches in which each name is a variable or parameter of its own."""
        scopes: dict[str, set[Span]] = {}
        for function in self.functions:
            for name in function.parameters:
                scopes.setdefault(name, set()).add(function.span)
        for node in self.nodes("variable_declarator"):
            target = node.field("name")
            around = self.around(span_of(node)[0])
            for name in re.findall(r"[A-Za-z_$][\w$]*", "" if target is None else target.text()):
                scopes.setdefault(name, set()).add(around[0].span if around else (0, len(self.text)))
        return {name: tuple(sorted(spans, key=lambda span: span[1] - span[0])) for name, spans in scopes.items()}

    def scope_of(self, path: str, position: int) -> Span:
        """Return the stretch in which a name, seen at a position, means the same thing."""
        spans = self.declared.get(path.partition(".")[0], ())
        return next((each for each in spans if each[0] <= position < each[1]), (0, len(self.text)))

    def calls_in(self, spans: list[Span]) -> Iterator[Call]:
        """Yield the calls that begin in one of the spans."""
        starts = self._call_starts
        for start, end in merged(spans):
            first = bisect_right(starts, start - 1)
            yield from self.calls[first : bisect_right(starts, end - 1)]

    def code_of(self, node: SgNode) -> str:
        """Return the bare code of a node."""
        start, end = span_of(node)
        return self.code[start:end]

    def around(self, position: int) -> list[Function]:
        """Return the functions that a position stands in, innermost first."""
        return [each for each in reversed(self.functions) if each.span[0] <= position < each.span[1]]

    def line_of(self, position: int) -> int:
        """Return the line of a position, from 1."""
        return bisect_right(self._line_starts, position)

    def position_of(self, line: int, column: int) -> int:
        """Return the position of a line, from 1, and a column, from 0; the end of the text for what lies behind it."""
        return min(self._line_starts[min(line, len(self._line_starts)) - 1] + column, len(self.text))

    def match(
        self,
        span: Span,
        evidence: tuple[tuple[str, Mapping[str, object]], ...] = (),
        *,
        is_hint: bool = False,
        **facts: object,
    ) -> Match:
        """Return the place as a rule yields it."""
        line = self.line_of(span[0])
        named = [each.name for each in self.around(span[0]) if each.name]
        return Match(
            path=self.path,
            line=line,
            column=span[0] - self._line_starts[line - 1],
            function=named[0] if named else "<module>",
            code=self.text.split("\n")[line - 1].strip(),
            facts=facts,
            evidence=evidence,
            is_hint=is_hint,
        )

    @cached_property
    def _call_starts(self) -> list[int]:
        return [call.span[0] for call in self.calls]

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]


def per_script(function: Callable[[Script], Result]) -> Callable[[Script], Result]:
    """Return the function with its results kept as long as their scripts are."""
    known: WeakKeyDictionary[Script, Result] = WeakKeyDictionary()

    @wraps(function)
    def kept(script: Script) -> Result:
        if script not in known:
            known[script] = function(script)
        return known[script]

    return kept


def span_of(node: SgNode) -> Span:
    """Return where a node begins and ends, in characters."""
    place = node.range()
    return place.start.index, place.end.index


def merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, each stretch once."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def holds(spans: list[Span], position: int) -> bool:
    """Tell whether a position lies in one of the spans."""
    return any(start <= position < end for start, end in spans)


def path_of(text: str) -> str:
    """Return an expression as a path: `timer` for `(timer.current as Timer)!`.

    Casts, optional links, parentheses, indexes and the `.current` and `.value` of refs are left out.
    """
    path = re.sub(r"(?:\s+(?:as|satisfies)\s|\s*(?:\?\?|\|\|)).*$", "", text[:2000].strip(), flags=re.DOTALL)
    path = re.sub(r"\s+", "", path).replace("?.", ".").strip("()")
    path = re.sub(r"!(?=[.\[)]|$)", "", path)
    path = path.partition("[")[0].partition("(")[0]
    return re.sub(r"\.(?:current|value)\b", "", path).rstrip(".")


def is_path(text: str) -> bool:
    """Tell whether a text is a variable or a chain of attributes."""
    return re.fullmatch(r"[\w$]+(?:\.[\w$]+)*", text) is not None


def _function(node: SgNode, names: Mapping[Span, str]) -> Function:
    own, span = node.field("name"), span_of(node)
    name = names.get(span, "") if own is None else own.text()
    parameters = node.field("parameters") or node.field("parameter")
    given = [] if parameters is None else re.findall(_WORD, re.sub(r":[^,)]*", "", parameters.text()))
    is_async = any(child.kind() == "async" for child in node.children()[:3])
    return Function(node, span, name, is_async, tuple(given))


def _names(script: Script) -> dict[Span, str]:
    """Return what functions without a name of their own are called by, as they are the value of something that has one.

    Asked from above, since a node is asked for its parent at a cost that grows with its depth.
    """
    names: dict[Span, str] = {}
    for node in script.nodes(*_KEEPING):
        value = node.field("value") or node.field("right")
        target = node.field("name") or node.field("left") or node.field("key")
        function = _function_in(value)
        if target is not None and function is not None:
            names[span_of(function)] = path_of(target.text()).rpartition(".")[2]
    return names


def _function_in(value: SgNode | None) -> SgNode | None:
    """Return the function that an expression is, wrapped maybe: `useCallback(() => ...)`."""
    for _ in range(8):
        if value is None or value.kind() in FUNCTIONS:
            return value
        if value.kind() in TRANSPARENT:
            value = next(iter(value.named_children()), None)
        elif _is_wrapper(value):
            arguments = value.field("arguments")
            value = None if arguments is None else next(iter(arguments.named_children()), None)
        else:
            return None
    return None


def _is_wrapper(node: SgNode) -> bool:
    callee = node.field("function") if node.kind() == "call_expression" else None
    return callee is not None and callee.kind() != "call_expression" and _WRAPPERS.match(callee.text()) is not None


def _call(node: SgNode) -> Call:
    is_new = node.kind() == "new_expression"
    callee = node.field("constructor" if is_new else "function")
    arguments = node.field("arguments")
    given = () if arguments is None else tuple(each for each in arguments.named_children() if each.kind() != "comment")
    return Call(node, span_of(node), "" if callee is None else callee_path(callee), given, is_new)


def callee_path(node: SgNode) -> str:
    """Return what is called as a path, the page's own object left out: `setInterval` for `window.setInterval`.

    What a chain begins with is `()` where it is no variable; of a long chain, the last sixteen links are enough.
    """
    words: list[str] = []
    here: SgNode | None = node
    while here is not None and len(words) < 16:
        if here.kind() == "member_expression":
            words.append(_text_of(here.field("property")))
            here = here.field("object")
        elif here.kind() in ("non_null_expression", "instantiation_expression"):
            here = here.child(0)
        else:
            is_short = (
                here.kind() in ("identifier", "this", "super", "parenthesized_expression") and len(here.text()) < 200
            )
            words.append(re.sub(r"\s+", "", here.text()) if is_short else "()")
            here = None
    return re.sub(r"^(?:window|globalThis|self)\.(?=[\w$])", "", ".".join(reversed(words)))


def _text_of(node: SgNode | None) -> str:
    return "" if node is None else node.text()
