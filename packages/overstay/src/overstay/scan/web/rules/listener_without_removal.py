"""A listener on the window, the document or another object of the page's whole life, which nothing removes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from overstay.scan.rule import Match, Rule
from overstay.scan.web.handles import aliases, name_at
from overstay.scan.web.owners import OPENING_METHODS, Owner, opener_of, owners_of
from overstay.scan.web.script import FUNCTIONS, Call, Script, Span, path_of

_ADD = ("addEventListener", "addListener")
_REMOVE = ("removeEventListener", "removeListener")
_LONG_LIVED = re.compile(
    r"^(?:window|self|globalThis|top|parent|opener|document(?:\.(?:body|documentElement|fonts|defaultView))?"
    r"|navigator(?:\.\w+)*|screen(?:\.orientation)?|visualViewport|speechSynthesis|history|matchMedia)$"
)
"""An element's own listeners go with the element; these targets stay."""


@dataclass(frozen=True, slots=True)
class _Listener:
    """What has to be the same for a removal to find the listener."""

    target: str
    event: str
    handler: str
    is_capturing: bool | None

    def is_removed_by(self, other: "_Listener", names: frozenset[str]) -> bool:
        events_differ = "'" in self.event + other.event and self.event != other.event
        captures_differ = (
            None not in (self.is_capturing, other.is_capturing) and self.is_capturing != other.is_capturing
        )
        same_target = self.target == other.target or self.target in ("", "()") or other.target in ("", "()")
        return same_target and other.handler in names and not events_differ and not captures_differ


def _check(script: Script) -> Iterator[Match]:
    if "addEventListener" not in script.text and "addListener" not in script.text:
        return
    owners = owners_of(script)
    for call in script.calls:
        owner = opener_of(owners, call.span[0]) if call.name in _ADD and call.arguments else None
        if owner is None or not _is_long_lived(script, call) or _ends_otherwise(script, call, owner):
            continue
        told = _why_kept(script, call, owner)
        if told:
            yield script.match(call.span, evidence=((told, {}),), event=_event(call), target=call.receiver or "window")


def _event(call: Call) -> str:
    return call.arguments[0].text().strip("'\"`") if call.name == "addEventListener" else "change"


def _is_long_lived(script: Script, call: Call) -> bool:
    receiver = call.receiver
    if receiver == "":
        return call.name == "addEventListener" and not _is_own(script, call)
    if receiver == "()":
        return "matchMedia(" in call.node.text().partition(call.name)[0]
    if _LONG_LIVED.match(receiver):
        return True
    name = re.escape(path_of(receiver).rpartition(".")[2])
    return (
        re.search(rf"\b{name}\s*=\s*(?:window\s*\.\s*)?(?:matchMedia\(|window\b(?!\s*\.)|document\s*;)", script.code)
        is not None
    )


def _is_own(script: Script, call: Call) -> bool:
    """Tell whether a plain `addEventListener` is a function of the project's."""
    is_plain = (call.node.field("function") or call.node).kind() == "identifier"
    return (
        is_plain
        and re.search(r"import\s*\{[^}]*\baddEventListener\b|function\s+addEventListener\b", script.code) is not None
    )


def _listener(call: Call) -> _Listener:
    is_modern = call.name in ("addEventListener", "removeEventListener")
    event = re.sub(r"[\"`]", "'", call.arguments[0].text()) if is_modern else "'change'"
    handlers = call.arguments[1:2] if is_modern else call.arguments[:1]
    handler = (
        "" if not handlers or handlers[0].kind() in (*FUNCTIONS, "call_expression") else path_of(handlers[0].text())
    )
    return _Listener(path_of(call.receiver), event, handler, _is_capturing(call))


def _is_capturing(call: Call) -> bool | None:
    """Return whether a listener is for the capturing phase; None where that cannot be read."""
    if len(call.arguments) < 3:
        return False
    options = call.arguments[2].text()
    if options in ("true", "false"):
        return options == "true"
    if not options.startswith("{"):
        return None
    return re.search(r"\bcapture\s*:\s*true\b", options) is not None


def _ends_otherwise(script: Script, call: Call, owner: Owner) -> bool:
    """Tell whether the options end the listener: `once`, or a signal that is aborted or comes from elsewhere."""
    options = call.arguments[2].text() if len(call.arguments) > 2 else ""
    if re.fullmatch(r"[\w$.]+", options) and options not in ("true", "false"):
        declared = re.search(rf"\b{re.escape(options)}\b[^=;\n]*=\s*(\{{[^}}]*\}}|true\b|false\b)", script.text)
        if declared is None:
            return True
        options = declared[1]
    if re.search(r"\bonce\s*:\s*true\b", options):
        return True
    signal = re.search(r"\bsignal\b(?:\s*:\s*([\w$.?()!]+))?", options)
    return signal is not None and _is_aborted(script, signal[1] or "signal", call, owner)


def _is_aborted(script: Script, signal: str, call: Call, owner: Owner) -> bool:
    path = path_of(signal)
    given = [name_at(script, each, call.span[0]) for each in (path, path.removesuffix(".signal"))]
    names = {each.path for each in aliases(script, given)}
    for name in [*names]:
        names.add(name.removesuffix(".signal"))
        names |= set(re.findall(rf"\{{[^}}]*\b{re.escape(name)}\b[^}}]*\}}\s*=\s*([\w$]+)", script.code))
    code = script.code[owner.span[0] : owner.span[1]]
    is_ours = any(
        re.search(rf"\b{re.escape(each.rpartition('.')[2])}\b[^;\n]*=\s*new\s+AbortController", code) for each in names
    )
    if not is_ours:
        return True
    return any(call.name == "abort" and path_of(call.receiver) in names for call in script.calls_in(owner.releasing))


def _why_kept(script: Script, call: Call, owner: Owner) -> str:
    """Return the evidence that nothing removes the listener; empty where something does."""
    listener = _listener(call)
    if len(call.arguments) > 2 and "signal" in call.arguments[2].text():
        return "web.never-aborted"
    if listener.handler == "":
        return "web.unnamed-handler"
    names = frozenset(each.path for each in aliases(script, [name_at(script, listener.handler, call.span[0])]))
    removals = [
        each for each in script.calls_in(_releasing(script, call, owner)) if each.name in _REMOVE and each.arguments
    ]
    if any(listener.is_removed_by(_listener(each), names) for each in removals):
        return ""
    same = [each for each in removals if _listener(each).event == listener.event]
    return "web.other-listener-removed" if same else "web.never-removed"


def _releasing(script: Script, call: Call, owner: Owner) -> list[Span]:
    """Return the code that may remove it: of what a function adds that runs later, any code, as another one may."""
    named = [each for each in script.around(call.span[0]) if each.name or each in owner.effects]
    is_later = bool(named) and named[0].span != owner.span and named[0] not in owner.effects
    return [owner.span] if is_later and named[0].name not in OPENING_METHODS else owner.releasing


RULE: Rule[Script] = Rule(
    id="listener-without-removal",
    language="web",
    kind="object",
    severity="warning",
    check=_check,
)
