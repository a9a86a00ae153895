"""Things that a page opens and has to close, and the search for those that it does not.

A rule says what its thing is opened and closed by; the search is the same for all. An opening counts where it runs when
its owner is opened. It is let go where the owner's closing code calls the closer with one of the names that keep it.
What is handed to code outside the file is left alone: that code may well close it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from overstay.scan.rule import Match
from overstay.scan.web.handles import Handle, handle_of, refers
from overstay.scan.web.owners import CLOSER, Owner, around, opener_of, owners_of
from overstay.scan.web.script import FUNCTIONS, Call, Function, Script, Span, path_of, span_of

Evidence = tuple[str, Mapping[str, object]]


@dataclass(frozen=True)
class Resource:
    """One kind of thing that has to be closed.

    Only scripts with the `word` in them are looked at. `opened_by` matches callees, constructions where `is_made` says
    so. `closed_by` matches the functions that take the thing and the methods that it has. `excuses` is asked last, for
    openings that need no closing. Where `in_handlers`, an opening that runs later than its component's effects counts,
    too, and any code of the component may close it; where `anywhere`, any code of the owner may close it in every case;
    where `finally_counts`, what runs at the end of a task may.
    """

    word: str
    opened_by: re.Pattern[str]
    closed_by: re.Pattern[str]
    is_made: bool = False
    in_handlers: bool = False
    anywhere: bool = False
    finally_counts: bool = False
    excuses: Callable[[Script, Call, Owner], bool] | None = None


def openings(script: Script, resource: Resource) -> Iterator[Call]:
    """Yield the calls that open a thing of this kind."""
    if resource.word not in script.text:
        return
    for call in script.calls:
        if call.is_new == resource.is_made and resource.opened_by.search(call.callee):
            yield call


def unclosed(script: Script, resource: Resource) -> Iterator[Match]:
    """Yield the openings that nothing closes when their owner is closed."""
    owners: list[Owner] | None = None
    for call in openings(script, resource):
        owners = owners_of(script) if owners is None else owners
        found = _owner_of(script, owners, call, resource)
        if found is None:
            continue
        owner, releasing = found
        handle = handle_of(script, call)
        if resource.finally_counts:
            releasing = [*releasing, *_finally(script, owner.span)]
        if handle.state == "elsewhere" or _is_single(script, call, handle):
            continue
        if resource.excuses is not None and resource.excuses(script, call, owner):
            continue
        if handle.state == "dropped" or not is_released(script, resource, handle, releasing):
            is_hint = (
                script.path.suffix in (".html", ".htm") and not owner.is_strict
            )  # ends with the page that it is of
            evidence = _evidence(script, resource, owner, handle)
            yield script.match(call.span, evidence, is_hint=is_hint, what=call.name)


def _owner_of(script: Script, owners: list[Owner], call: Call, resource: Resource) -> tuple[Owner, list[Span]] | None:
    """Return who opens the thing, and the code that may close it."""
    position = call.span[0]
    owner = opener_of(owners, position)
    if owner is not None:
        return owner, [owner.span, *owner.closing] if resource.anywhere else owner.releasing
    here = [each for each in around(owners, position) if each.is_strict] if resource.in_handlers else []
    if here:
        return here[0], [here[0].span]
    functions = script.around(position) if resource.anywhere else []
    return (Owner("function", functions[-1].span), [functions[-1].span]) if functions else None


def is_released(script: Script, resource: Resource, handle: Handle, spans: list[Span]) -> bool:
    """Tell whether code in the spans closes what the handle keeps."""
    return any(_closes(script, call, resource, handle) for call in script.calls_in(spans))


def _closes(script: Script, call: Call, resource: Resource, handle: Handle) -> bool:
    arguments = [each for each in call.arguments if each.kind() not in FUNCTIONS]
    function = call.node.field("function")
    receiver = function.field("object") if function is not None else None
    takes = any(refers(script, each, handle.names) for each in arguments)
    has = receiver is not None and refers(script, receiver, handle.names)
    if resource.closed_by.match(call.name):
        return takes or has
    # A closer handed to a loop, `timers.forEach(clearTimeout)`, and a function of theirs that takes the thing.
    if any(resource.closed_by.match(path_of(each.text())) for each in arguments):
        return has
    return takes and CLOSER.match(call.name) is not None and not call.is_new


def _finally(script: Script, span: Span) -> list[Span]:
    """Return the code that runs however its task ends."""
    clauses = [span_of(each) for each in script.nodes("finally_clause")]
    callbacks = [
        span_of(argument) for call in script.calls_in([span]) if call.name == "finally" for argument in call.arguments
    ]
    return [each for each in (*clauses, *callbacks) if span[0] <= each[0] < span[1]]


def _is_single(script: Script, call: Call, handle: Handle) -> bool:
    """Tell whether the thing is made once for the whole page: kept by the module, and only where there is none yet."""
    before = script.code[max(0, call.span[0] - 120) : call.span[0]]
    for name in (re.escape(each.path) for each in handle.names):
        if re.search(rf"^(?:export\s+)?(?:let|var)\s+{name}\b", script.code, re.MULTILINE):
            asks = rf"!\s*{name}\b|\b{name}\s*(?:\?\?=|\|\|=|===?\s*null|===?\s*undefined)"
            if re.search(asks, before):
                return True
    return False


def _evidence(
    script: Script, resource: Resource, owner: Owner, handle: Handle
) -> tuple[tuple[str, dict[str, object]], ...]:
    told: list[tuple[str, dict[str, object]]] = []
    if handle.state == "dropped":
        told.append(("web.dropped", {}))
    else:
        told.append(("web.kept", {"names": ", ".join(sorted({each.path for each in handle.names})[:3])}))
        closer = next((call for call in script.calls_in([owner.span]) if _closes(script, call, resource, handle)), None)
        if closer is not None:
            told.append(("web.closed-elsewhere", {"line": script.line_of(closer.span[0])}))
    if owner.is_strict and not owner.closing:
        told.append(("web.no-cleanup", {}))
    return tuple(told)


def rearms_itself(script: Script, call: Call) -> bool:
    """Tell whether a call schedules a function in which it stands itself."""
    names = {each.name for each in script.around(call.span[0]) if each.name}
    return bool(call.arguments) and bool(names & set(re.findall(r"[\w$]+", script.code_of(call.arguments[0]))))


def callback_of(script: Script, call: Call) -> Function | None:
    """Return the function of the file that a call is given first."""
    for argument in call.arguments[:1]:
        if argument.kind() in FUNCTIONS:
            return next(each for each in script.functions if each.span == span_of(argument))
        named = script.by_name.get(path_of(argument.text()).rpartition(".")[2], ())
        return named[0] if named else None
    return None


def asks_first(script: Script, function: Function, owner: Owner) -> bool:
    """Tell whether a function begins by asking whether the owner is still open.

    That is a name which the owner's closing code sets, or the ref of an element, which is emptied when that goes.
    """
    asked = re.search(r"\bif\s*\(([^{;]*?)\)\s*(?:\{|return\b)", script.code[function.span[0] : function.span[1]])
    paths = re.findall(r"[\w$]+(?:\??\.[\w$]+)*", asked[1]) if asked else []
    closing = " ".join(script.code[start:end] for start, end in owner.closing)
    return any(_is_element(script, path) or _is_set_in(closing, path_of(path)) for path in paths)


def _is_element(script: Script, path: str) -> bool:
    name = re.escape(path_of(path))
    in_markup = rf"\bref=\{{\s*{name}\s*\}}" if ".current" in path else rf"\bref=[\"']{name}[\"']"
    return path.endswith((".current", ".value")) and re.search(in_markup, script.source) is not None


def _is_set_in(code: str, name: str) -> bool:
    return re.search(rf"(?<![\w$.]){re.escape(name)}(?:\.current|\.value)?\s*=(?!=)", code) is not None
