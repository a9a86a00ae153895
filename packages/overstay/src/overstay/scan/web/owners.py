"""Who opens and closes: components, hooks, classes and pairs of functions, with the code that runs at either end.

An owner has a stretch of the script, the parts of it that run when it is opened, and those that run when it is closed.
Functions that such a part names are part of it, and the functions that these name: whoever names a handler is held to
call it. Code that no owner opens is left alone, as nothing in the file says that it ends.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ast_grep_py import SgNode

from overstay.scan.web.script import (
    CLASSES,
    FUNCTIONS,
    TRANSPARENT,
    Call,
    Function,
    Script,
    Span,
    holds,
    per_script,
    span_of,
)

EFFECT = re.compile(r"^(?:React\.)?use\w*Effect\w*$|^useMount(?:ed)?$|^\$effect(?:\.pre|\.root)?$|^onMount$")
"""Calls whose function runs when a component is opened and returns what runs when it is closed."""
_OPENING = re.compile(
    r"^(?:onMounted|onBeforeMount|onActivated|watch|watchEffect|watchPostEffect|watchSyncEffect|tryOnMounted|useUpdate)$"
)
_CLOSING = re.compile(
    r"^(?:onUnmounted|onBeforeUnmount|onScopeDispose|onDeactivated|onDestroy|onWatcherCleanup|onCleanup|onInvalidate"
    r"|useUnmount|useWillUnmount|tryOnUnmounted|tryOnBeforeUnmount|tryOnScopeDispose|onBeforeRouteLeave)$"
)
OPENING_METHODS = frozenset(
    (
        *("componentDidMount", "componentDidUpdate", "UNSAFE_componentWillMount", "componentWillMount"),
        *("connectedCallback", "ngOnInit", "ngAfterViewInit", "firstUpdated", "constructor"),
        *("beforeCreate", "created", "beforeMount", "mounted", "activated", "data", "setup"),
    )
)
_CLOSING_METHODS = frozenset(
    (
        *("componentWillUnmount", "disconnectedCallback", "ngOnDestroy"),
        *("beforeDestroy", "destroyed", "beforeUnmount", "unmounted", "deactivated"),
    )
)
_AT_ONCE = r"\.(?:forEach|map|then|finally)|set(?:Timeout|Interval)|requestAnimationFrame|nextTick"
"""Calls that call what they are given, at once or soon."""
_VUE_OPTIONS = frozenset(("name", "props", "data", "methods", "computed", "template", "render"))
_COMPONENT_BASE = re.compile(r"\bextends\s+(?:React\.)?(?:\w*Component|HTML\w*Element|LitElement)\b")
_ENDS = (
    *("close", "stop", "dispose", "destroy", "disconnect", "teardown", "tearDown", "cleanup", "cleanUp", "unmount"),
    *("shutdown", "terminate", "release", "detach", "unbind", "unsubscribe", "unlisten", "unwatch"),
)
"""What ends the whole of a thing."""
_ENDS_SOMETHING = (
    *("end", "finish", "leave", "exit", "hide", "disable", "deactivate", "deinit", "remove", "cancel", "abort", "kill"),
    *("revoke", "clear"),
)
_PAIRS = {
    "open": "close",
    "start": "stop end finish",
    "mount": "unmount destroy",
    "show": "hide close",
    "connect": "disconnect close",
    "attach": "detach",
    "init": "destroy teardown cleanup dispose deinit close shutdown",
    "setup": "destroy teardown cleanup dispose close shutdown",
    "enable": "disable",
    "create": "destroy dispose",
    "join": "leave",
    "enter": "leave exit",
    "subscribe": "unsubscribe",
    "play": "stop pause",
    "begin": "end",
    "activate": "deactivate",
    "bind": "unbind",
    "listen": "unlisten",
    "watch": "unwatch",
}


def _beginning_with(words: Iterable[str]) -> str:
    """Return a pattern for names that begin with one of the words, in camel case."""
    return "(?:" + "|".join(f"[{word[0]}{word[0].upper()}]{word[1:]}" for word in words) + ")(?![a-z])"


_PAIR_PATTERNS = [
    (
        re.compile(f"{_beginning_with([begin])}(.*)"),
        re.compile(f"{_beginning_with([*ends.split(), 'cleanup', 'teardown', 'dispose', 'destroy'])}(.*)"),
    )
    for begin, ends in _PAIRS.items()
]
ENDING = re.compile(rf"^_?{_beginning_with(_ENDS)}")
"""What a function is called that ends the thing which has it."""
CLOSER = re.compile(rf"^_?(?:on|handle)?{_beginning_with([*_ENDS, *_ENDS_SOMETHING])}")
"""What a function is called that closes something."""
_BEGINNERS = ("observe", "make", "run", "install", "track", "record", "follow", "poll", "animate")
_OPENER = re.compile(f"^_?{_beginning_with([*_PAIRS, *_BEGINNERS])}")


@dataclass(frozen=True)
class Owner:
    """Something that is opened and closed, and the code that runs then.

    Where `is_strict`, only the closing code may let go; otherwise any code of the owner may: its caller decides when.
    `effects` are the functions of React's and Svelte's effects, which return their clean-up.
    """

    word: str
    span: Span
    opening: list[Span] = field(default_factory=list)
    closing: list[Span] = field(default_factory=list)
    is_strict: bool = True
    effects: tuple[Function, ...] = ()

    @property
    def releasing(self) -> list[Span]:
        """The code that may let go of what the owner opened."""
        return self.closing if self.is_strict else [self.span, *self.closing]

    def opens(self, position: int) -> bool:
        """Tell whether what stands at a position runs when the owner is opened."""
        return holds(self.opening, position)


@per_script
def owners_of(script: Script) -> list[Owner]:
    """Return the owners of a script, smallest first."""
    found = [*_components(script), *_classes(script), *_option_objects(script), *_functions(script), *_pairs(script)]
    return sorted(found, key=lambda owner: owner.span[1] - owner.span[0])


def opener_of(owners: list[Owner], position: int) -> Owner | None:
    """Return the smallest owner that runs what stands at a position when it is opened."""
    return next((each for each in around(owners, position) if each.opens(position)), None)


def around(owners: list[Owner], position: int) -> list[Owner]:
    """Return the owners around a position, smallest first."""
    return [each for each in owners if each.span[0] <= position < each.span[1]]


# Components, hooks and composables


def _components(script: Script) -> Iterator[Owner]:
    hooked = [call for call in script.calls if _is_hook(call)]
    if script.path.suffix in (".vue", ".svelte"):
        spans = [] if re.search(r"\bexport\s+default\b", script.code) else [(0, len(script.text))]
        spans += [each.span for each in script.by_name.get("setup", ())]
    else:
        named = [each for each in script.functions if re.match(r"use[A-Z]|[A-Z]\w*[a-z]|[A-Z]$|setup$", each.name)]
        spans = _outermost([each.span for each in named if _looks_like_a_component(script, each, hooked)])
    for span in spans:
        yield _component(script, span, [call for call in hooked if span[0] <= call.span[0] < span[1]])


def _is_hook(call: Call) -> bool:
    return not call.is_new and any(each.match(call.callee) for each in (EFFECT, _OPENING, _CLOSING))


def _looks_like_a_component(script: Script, function: Function, hooked: list[Call]) -> bool:
    start, end = function.span
    if any(start <= call.span[0] < end for call in hooked):
        return True
    return (
        script.dialect == "tsx"
        and re.search(r"\buse[A-Z]\w*\s*(?:<[^>]*>)?\(|<[A-Za-z]", script.code[start:end]) is not None
    )


def _outermost(spans: list[Span]) -> list[Span]:
    outer: list[Span] = []
    for start, end in sorted(spans):
        if not outer or start >= outer[-1][1]:
            outer.append((start, end))
    return outer


def _component(script: Script, span: Span, hooked: list[Call]) -> Owner:
    effects, opening, closing = [], [], []
    for call in hooked:
        functions = [each for argument in call.arguments for each in _functions_of(script, argument, span)]
        if _CLOSING.match(call.callee):
            closing += [each.span for each in functions]
        elif EFFECT.match(call.callee):
            effects += functions[:1]
        else:
            opening += [each.span for each in functions]
    for effect in effects:
        opening.append(effect.span)
        # What an async function returns is a promise, which nobody calls.
        closing += [] if effect.is_async else cleanups_of(script, effect, span)
    closing += _on_abort(script, span)
    rendered = _own_code(script, span)
    return Owner(
        "component",
        span,
        opening=_without([*rendered, *reached(script, [*opening, *_called_in(script, rendered, span)], span)], closing),
        closing=reached(script, closing, span, by_call=True),
        effects=tuple(effects),
    )


def _called_in(script: Script, spans: list[Span], within: Span) -> list[Span]:
    """Return the functions that the spans themselves call; markup names handlers, which run later."""
    names = {name for start, end in spans for name in _names_in(script.code[start:end], by_call=True)}
    called = [each.span for name in names & script.by_name.keys() for each in _visible(script, name, within)]
    return [span for span in called if span != within]


def _functions_of(script: Script, node: SgNode, within: Span) -> list[Function]:
    """Return the function that an argument is or names."""
    if node.kind() in FUNCTIONS:
        return [each for each in script.functions if each.span == span_of(node)]
    if node.kind() in ("identifier", "member_expression"):
        return _visible(script, node.text().rpartition(".")[2], within)
    return []


def _visible(script: Script, name: str, within: Span) -> list[Function]:
    """Return the functions of this name that stand inside the owner or in no other function."""
    named = script.by_name.get(name, ())
    inside = [each for each in named if within[0] <= each.span[0] < within[1]]
    return inside or [each for each in named if len(script.around(each.span[0])) == 1]


def cleanups_of(script: Script, function: Function, within: Span, depth: int = 4) -> list[Span]:
    """Return the code that a function hands back to be called at the end."""
    found: list[Span] = []
    for value in _returned(script, function):
        if value.kind() in FUNCTIONS:
            found.append(span_of(value))
        elif value.kind() == "identifier":
            functions = _functions_of(script, value, within)
            found += [each.span for each in functions]
            if not functions and depth:
                for call in _initialisers(script, value.text(), within):
                    found += _cleanups_of_call(script, call, within, depth)
        elif value.kind() == "call_expression" and depth:
            found += _cleanups_of_call(script, value, within, depth)
    return found


def _cleanups_of_call(script: Script, call: SgNode, within: Span, depth: int) -> list[Span]:
    callee = call.field("function")
    called = [] if callee is None else _functions_of(script, callee, within)
    return [span for each in called for span in cleanups_of(script, each, within, depth - 1)]


def _initialisers(script: Script, name: str, within: Span) -> Iterator[SgNode]:
    """Yield the calls whose value a variable is given."""
    for call in script.calls:
        if within[0] <= call.span[0] < within[1] and (above := call.node.parent()) is not None:
            is_given = above.kind() == "variable_declarator" and (above.field("name") or above).text() == name
            if is_given or (above.kind() == "assignment_expression" and (above.field("left") or above).text() == name):
                yield call.node


def _returned(script: Script, function: Function) -> Iterator[SgNode]:
    """Yield the expressions that a function itself returns, both branches of a choice."""
    body = function.node.field("body")
    if body is None:
        return
    values = [body] if function.is_expression else []
    for statement in body.find_all(kind="return_statement") if not function.is_expression else []:
        if script.around(span_of(statement)[0])[0].span == function.span:
            values += [child for child in statement.named_children() if child.kind() != "comment"]
    while values:
        value = values.pop()
        if value.kind() in TRANSPARENT or value.kind() == "binary_expression":
            values += value.named_children()
        else:
            yield value


def _on_abort(script: Script, span: Span) -> list[Span]:
    """Return the listeners of an abort: whoever aborts calls them."""
    return [
        span_of(call.arguments[1])
        for call in script.calls_in([span])
        if call.name == "addEventListener"
        and len(call.arguments) > 1
        and call.arguments[0].text().strip("'\"`") == "abort"
        and call.arguments[1].kind() in FUNCTIONS
    ]


def _own_code(script: Script, span: Span) -> list[Span]:
    """Return the code of an owner that stands in no function of its own: what runs whenever it is rendered or set up.

    The functions that are called at once, such as those of `useMemo` and `useState`, are part of it.
    """
    at_once = {
        span_of(argument)
        for call in script.calls_in([span])
        if re.match(r"^(?:React\.)?(?:useMemo|useState|useRef|useLazyRef|computed|ref|shallowRef)$", call.callee)
        for argument in call.arguments
    }
    inner = [
        each.span
        for each in script.functions
        if span[0] <= each.span[0] < span[1] and each.span != span and each.span not in at_once
    ]
    return _without([span], inner)


def _without(spans: list[Span], holes: list[Span]) -> list[Span]:
    """Return the spans with the holes cut out."""
    rest = spans
    for start, end in holes:
        cut = [[(a, min(b, start)), (max(a, end), b)] if a < end and start < b else [(a, b)] for a, b in rest]
        rest = [(a, b) for pieces in cut for a, b in pieces if a < b]
    return rest


def reached(script: Script, spans: list[Span], within: Span, *, by_call: bool = False) -> list[Span]:
    """Return the spans and the functions that they name, and those that these name, and so on.

    Where `by_call`, only a function that is called is meant: a clean-up names the listeners that it removes.
    """
    seen: set[Span] = set(spans)
    waiting = list(spans)
    while waiting:
        start, end = waiting.pop()
        for name in _names_in(script.code[start:end], by_call=by_call) & script.by_name.keys():
            for function in _visible(script, name, within):
                if function.span not in seen and function.span != within:
                    seen.add(function.span)
                    waiting.append(function.span)
    return sorted(seen)


def _names_in(code: str, *, by_call: bool) -> set[str]:
    if not by_call:
        return set(re.findall(r"[A-Za-z_$][\w$]*", code))
    called = re.findall(r"([A-Za-z_$][\w$]*)(?:\??\.(?:current|value))?\s*(?:\?\.)?\(", code)
    return {*called, *re.findall(rf"(?:{_AT_ONCE})\(\s*(?:this\.)?([\w$]+)", code)}


# Classes, and objects of Vue's options


def _classes(script: Script) -> Iterator[Owner]:
    for node in script.nodes(*CLASSES):
        span = span_of(node)
        head = script.code[span[0] : span_of(node.field("body") or node)[0]]
        owner = _of_methods(script, span, node.field("body"), is_component=_COMPONENT_BASE.search(head) is not None)
        if owner is not None:
            yield owner


def _option_objects(script: Script) -> Iterator[Owner]:
    if not re.search(r"\b(?:mounted|created|activated)\b", script.code):
        return
    for node in script.nodes("object"):
        names = {each for child in node.named_children() for each in [_key_of(child)] if each}
        if names & {"mounted", "created", "activated"} and names & {*_VUE_OPTIONS, *_CLOSING_METHODS}:
            owner = _of_methods(script, span_of(node), node, is_component=True)
            if owner is not None:
                yield owner


def _key_of(node: SgNode) -> str:
    key = node.field("name") or node.field("key")
    return "" if key is None else key.text()


def _of_methods(script: Script, span: Span, body: SgNode | None, *, is_component: bool) -> Owner | None:
    methods = [each for each in script.functions if span[0] <= each.span[0] < span[1] and each.name]
    members = body.named_children() if body is not None else []
    own = [each for each in methods if any(_is_member(each, child) for child in members)]
    lifecycle = is_component or any(each.name in _CLOSING_METHODS for each in own)
    is_closing: Callable[[str], object] = _CLOSING_METHODS.__contains__ if lifecycle else ENDING.match
    # A base component of the project's own often names it so.
    also = ("[Symbol.dispose]", "dispose") if is_component else ("[Symbol.dispose]",)
    closing = [each.span for each in own if is_closing(each.name) or each.name in also]
    if not lifecycle and not closing:
        return None
    begun = [each.span for each in own if each.name in OPENING_METHODS]
    fields = [child for child in members if child.kind() == "public_field_definition"]
    # What is static is made once for the page.
    shared = [span_of(each) for each in fields if re.match(r"(?:\w+\s+)?static\b", each.text())]
    made = _without([span_of(each) for each in fields], [*shared, *(each.span for each in own)])
    # A component's handlers are named where they are tied to markup and events; only what is called runs at once.
    opening = reached(script, [*begun, *made], span, by_call=True) if lifecycle else [span]
    closing = reached(script, closing, span, by_call=True)
    return Owner("class", span, opening=_without(opening, [*closing, *shared]), closing=closing, is_strict=lifecycle)


def _is_member(function: Function, child: SgNode) -> bool:
    start, end = span_of(child)
    value = child.field("value")
    return function.span == (start, end) or (value is not None and function.span == span_of(value))


# Functions that hand back how to close what they opened, and pairs of functions


def _functions(script: Script) -> Iterator[Owner]:
    for function in script.functions:
        closing = [] if re.match(r"use[A-Z]", function.name) else [*_handed_back(script, function)]
        if closing:
            opening = _without([function.span], closing)
            yield Owner("function", function.span, opening=opening, closing=closing, is_strict=False)


def _handed_back(script: Script, function: Function) -> Iterator[Span]:
    for value in _returned(script, function):
        if value.kind() == "object":
            for child in value.named_children():
                if ENDING.match(_key_of(child) or child.text()):
                    yield span_of(child)
        elif value.kind() in FUNCTIONS and _OPENER.match(function.name):
            [inner] = _functions_of(script, value, function.span)
            if not inner.parameters and not inner.is_async:
                yield inner.span


def _pairs(script: Script) -> Iterator[Owner]:
    outer = {each.name: each for each in script.functions if each.name and len(script.around(each.span[0])) == 1}
    whole = (0, len(script.text))
    for name, function in outer.items():
        closing = [outer[other].span for other in _closers_of(name, list(outer))]
        if closing:
            opening = _without(reached(script, [function.span], whole), closing)
            yield Owner("function", whole, opening=opening, closing=closing, is_strict=False)


def _closers_of(opener: str, names: list[str]) -> Iterator[str]:
    """Yield the names that say that they end what another function begins: `stopCall` for `startCall`."""
    for begins, ends in _PAIR_PATTERNS:
        begun = begins.match(opener)
        for name in names if begun else []:
            ended = ends.match(name)
            if begun and ended and ended[1] in ("", begun[1]):
                yield name
