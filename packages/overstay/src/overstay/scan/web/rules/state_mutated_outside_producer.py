"""A state of Immer's that is changed where no producer runs: the object is frozen, and the line throws."""

import re
from collections.abc import Iterator

from overstay.scan.rule import Match, Rule
from overstay.scan.web.immer import Change, changes_of, is_meant, is_store_state, producers, states_of
from overstay.scan.web.script import Function, Script

_WORDS = re.compile(r"immer|produce|useSelector|useAppSelector|zustand|getState|configureStore", re.I)


def _check(script: Script) -> Iterator[Match]:
    if not _WORDS.search(script.text) and not any(name in script.text for name in script.immer_stores):
        return
    states = states_of(script)
    drafts = list(producers(script))
    plain = list(_plain_updaters(script))
    for change in changes_of(script):
        name = change.root.text()
        state = next((each for each in states if is_meant(script, change.root, each)), None)
        if state is not None or is_store_state(script, change.root):
            source = state.source if state is not None else re.sub(r"\(.*", "", name, flags=re.S)
            yield script.match(
                change.span, evidence=(("web.state-from", {"source": source}),), name=name.partition("\n")[0]
            )
        elif any(_is_late(script, change, draft) for draft in drafts):
            yield script.match(change.span, evidence=(("web.draft-ended", {}),), name=name)
        elif any(_is_parameter(script, change, updater) for updater in plain):
            yield script.match(change.span, evidence=(("web.no-producer", {}),), name=name)


def _is_parameter(script: Script, change: Change, function: Function) -> bool:
    """Tell whether what is changed is the first parameter of a function."""
    start = change.span[0]
    if not function.span[0] <= start < function.span[1] or change.root.text() != function.parameters[0]:
        return False
    inner = [each for each in script.around(start) if each.span[0] > function.span[0]]
    return not any(function.parameters[0] in each.parameters for each in inner)


def _is_late(script: Script, change: Change, draft: Function) -> bool:
    """Tell whether a draft is changed when its producer has ended: in a later callback, or after an await."""
    if not _is_parameter(script, change, draft):
        return False
    inner = [each for each in script.around(change.span[0]) if each.span[0] > draft.span[0]]
    before = script.code[draft.span[0] : change.span[0]]
    if any(each.is_async or _is_called_later(each) for each in inner):
        return True
    return draft.is_async and re.search(r"\bawait\b", before) is not None


def _is_called_later(function: Function) -> bool:
    arguments = function.node.parent()
    call = arguments.parent() if arguments is not None and arguments.kind() == "arguments" else None
    callee = "" if call is None else (call.field("function") or call).text()
    return (
        re.search(
            r"(?:\.then|\.catch|\.finally|set(?:Timeout|Interval)|requestAnimationFrame|addEventListener|queueMicrotask)$",
            callee,
        )
        is not None
    )


def _plain_updaters(script: Script) -> Iterator[Function]:
    """Yield the functions that a zustand store without Immer calls with its own state."""
    if not re.search(r"from\s+['\"]zustand['\"]", script.text) or "immer" in script.text:
        return
    for call in script.calls:
        if call.callee == "set" or call.name == "setState":
            given = {(each.range().start.index, each.range().end.index) for each in call.arguments[:1]}
            yield from (each for each in script.functions if each.span in given and each.parameters)


RULE: Rule[Script] = Rule(
    id="state-mutated-outside-producer",
    language="web",
    kind="object",
    severity="severe",
    check=_check,
)
