"""A page that connects again and again at the same pace, or ever more slowly without a limit."""

import re
from collections.abc import Iterator

from overstay.scan.rule import Match, Rule
from overstay.scan.web.script import FUNCTIONS, Call, Function, Script, Span, holds, path_of, span_of

_CONNECTION = re.compile(r"^(?:\w*WebSocket|\w*EventSource)$")
_ENDED = re.compile(r"^on(?:close|error)$|^(?:close|error|disconnect)$")
_CONNECTS = re.compile(
    r"^_?(?:try|do|attempt|schedule|handle|init|open|setup|create|start)?_?[rR]e?-?(?:[cC]onnect)|^_?(?:re)?connect(?![a-z])"
)
"""What a function is called that connects, whether it opens the connection itself or has another one do so."""
_GROWS = r"(?:\*\*?=|<<=|\+=|\+\+|=\s*[^=;\n]*(?:\*|<<|Math\.(?:pow|min|max|random)))"
_POWER = r"\*\*|Math\.pow|<<|\*="
_ROUNDING = frozenset(("random", "round", "floor", "ceil"))
_LIMIT = re.compile(
    r"(?:attempt|retr|tries|count|times)\w*(?:\.current|\.value)?\s*(?:>=?|<=?|===?)|(?:>=?|<=?)\s*(?:this\.)?\w*(?:max|MAX|limit|LIMIT)",
    re.IGNORECASE,
)
"""A number of attempts that is compared with something, or something with a limit."""


def _check(script: Script) -> Iterator[Match]:
    if not re.search(r"WebSocket|EventSource", script.text) or not any(
        call.is_new and _CONNECTION.match(call.callee) for call in script.calls
    ):
        return
    connectors = _connectors(script)
    timed: list[Span] = []
    for call in script.calls:
        if call.name in ("setTimeout", "setInterval") and call.arguments and _leads_to(script, call, connectors):
            timed.append(call.span)
            if (call.name == "setTimeout" and _is_in_loop(script, call, connectors)) or _polls(script, call):
                pace = _pace(script, call)
                if pace:
                    yield script.match(call.span, evidence=((f"web.pace-{pace}", {"delay": _said(_delay(call))}),))
    yield from _at_once(script, connectors, timed)


def _connectors(script: Script) -> dict[Span, str]:
    """Return the functions that open a connection, and those that call one of them."""
    found: dict[Span, str] = {}
    for call in script.calls:
        if call.is_new and _CONNECTION.match(call.callee):
            owner = next((each for each in script.around(call.span[0]) if each.name), None)
            if owner is not None:
                found[owner.span] = owner.name
    for _ in range(3):
        names = set(found.values())
        calling = [each for each in script.functions if each.span not in found and _CONNECTS.match(each.name)]
        found |= {each.span: each.name for each in calling if names & set(_words(script, each.span))}
    return found


def _words(script: Script, span: Span) -> list[str]:
    return re.findall(r"[A-Za-z_$][\w$]*", script.code[span[0] : span[1]])


def _leads_to(script: Script, call: Call, connectors: dict[Span, str]) -> bool:
    """Tell whether a timer's callback opens a connection."""
    start, end = span_of(call.arguments[0])
    if set(_words(script, (start, end))) & set(connectors.values()):
        return True
    return any(each.is_new and _CONNECTION.match(each.callee) for each in script.calls_in([(start, end)]))


def _is_in_loop(script: Script, call: Call, connectors: dict[Span, str]) -> bool:
    """Tell whether what the timer opens leads back to it: it stands in a connector, or in what one of them names."""
    around = script.around(call.span[0])
    if any(_ENDED.match(each.name) or _is_handler(each) for each in around):
        return True
    opened = set(_words(script, span_of(call.arguments[0]))) & set(connectors.values())
    names = {each.name for each in around if each.name}
    if names & opened:
        return True
    return any(names & set(_words(script, span)) for span, name in connectors.items() if name in opened)


def _is_handler(function: Function) -> bool:
    """Tell whether a function is handed over to be called when the connection ends."""
    above = function.node.parent()
    call = above.parent() if above is not None and above.kind() == "arguments" else None
    return (
        call is not None
        and re.search(r"\.(?:on|addEventListener|once)\(\s*['\"](?:close|error|disconnect)", call.text()[:300])
        is not None
    )


def _polls(script: Script, call: Call) -> bool:
    """Tell whether an interval looks at the connection's state and connects when it is closed."""
    start, end = span_of(call.arguments[0])
    return (
        call.name == "setInterval" and re.search(r"readyState|CLOSED|[cC]onnected", script.code[start:end]) is not None
    )


def _delay(call: Call) -> str:
    return call.arguments[1].text() if len(call.arguments) > 1 else "0"


def _said(delay: str) -> str:
    return f"{delay} ms" if delay.replace("_", "").isdigit() else f"`{delay}`"


def _pace(script: Script, call: Call) -> str:
    """Return what is wrong with the delay, `fixed` or `uncapped`; empty where it grows to a limit or is not known."""
    near = _surroundings(script, call)
    if _LIMIT.search(near):
        return ""
    delay = _delay(call)
    called = re.search(r"([\w$]+)\(", delay.replace("Math.", ""))
    if call.name == "setTimeout" and called and called[1] not in _ROUNDING:
        return _pace_of_function(script, called[1])
    if "Math.min" in delay:
        return ""
    names = [path_of(each) for each in re.findall(r"(?<![\w$.])[A-Za-z_$][\w$]*(?:\??\.[\w$]+)*", delay)]
    names = [each for each in names if not each.startswith("Math")]
    if re.search(_POWER, delay) or any(_grows(near, name) for name in names):
        return "" if _is_capped(near, names) else "uncapped"
    return "fixed" if all(_is_constant(script, near, name) for name in names) else ""


def _surroundings(script: Script, call: Call) -> str:
    """Return the bare code of the statement of the module in which a call stands: its component, hook or class."""
    here = call.node
    while (above := here.parent()) is not None and above.kind() not in ("program", "export_statement"):
        here = above
    start, end = span_of(here)
    return script.code[start:end]


def _path(name: str) -> str:
    """Return a pattern for a path, with or without the `.current` or `.value` of a ref."""
    return rf"(?<![\w$]){re.escape(name)}(?:\.current|\.value)?"


def _is_capped(code: str, names: list[str]) -> bool:
    compared = any(re.search(rf"{_path(name)}\s*[<>]", code) for name in names)
    return "Math.min" in code or compared or re.search(r"(?:[mM]ax|MAX)_?(?:[dD]elay|DELAY)", code) is not None


def _grows(code: str, name: str) -> bool:
    return re.search(rf"{_path(name)}\s*{_GROWS}", code) is not None


def _is_constant(script: Script, near: str, name: str) -> bool:
    """Tell whether a name is given a number and nothing else; the default of an option counts."""
    word = rf"{_path(name.rpartition('.')[2])}\s*(?::\s*number\s*)?[=:]\s*(?:(?:use)?[rR]ef(?:<\w+>)?\()?([^=;,\n}})]+)"
    given = re.findall(word, near) or re.findall(word, script.code)
    return bool(given) and all(re.fullmatch(r"[\d_*\s.e+]+", each.strip()) for each in given)


def _pace_of_function(script: Script, name: str) -> str:
    """Return the pace of a function of the file that gives the delay; of any other nothing is known."""
    for function in script.by_name.get(name, ()):
        code = script.code[function.span[0] : function.span[1]]
        if re.search(_POWER, code):
            return "" if _is_capped(code, []) or re.search(r"[<>]", re.sub(r"=>|<<", "", code)) else "uncapped"
        return "" if re.search(r"Math\.min|\[|\*", code) else "fixed"
    return ""


def _at_once(script: Script, connectors: dict[Span, str], timed: list[Span]) -> Iterator[Match]:
    """Yield the places where the end of a connection opens the next one without a pause."""
    eager = {name for span, name in connectors.items() if not _defers(script, span)}
    places: list[Span] = []
    for call in script.calls:
        around = script.around(call.span[0])
        if call.name in eager and not call.is_new and around and not holds(timed, call.span[0]):
            code = script.code[around[0].span[0] : around[0].span[1]]
            is_handler = _ENDED.match(around[0].name) or _is_handler(around[0])
            if is_handler and not re.search(r"\bawait\b|setTimeout", code) and not _LIMIT.search(code):
                places.append(call.span)
        elif call.name == "addEventListener" and _hands_over(call, eager):
            places.append(call.span)
    assigned = re.finditer(r"[\w$.]+\.on(?:close|error)\s*=\s*([\w$.]+)\s*(?=[;\n])", script.code)
    places += [found.span() for found in assigned if path_of(found[1]).rpartition(".")[2] in eager]
    for place in places:
        yield script.match(place, evidence=(("web.pace-none", {}),))


def _defers(script: Script, span: Span) -> bool:
    """Tell whether a function only arms a timer that opens the connection."""
    opens = any(call.is_new and _CONNECTION.match(call.callee) for call in script.calls_in([span]))
    return not opens and "setTimeout" in script.code[span[0] : span[1]]


def _hands_over(call: Call, eager: set[str]) -> bool:
    """Tell whether a function that connects is itself the listener of a connection's end."""
    if len(call.arguments) < 2 or call.arguments[1].kind() in FUNCTIONS:
        return False
    name = path_of(call.arguments[1].text()).rpartition(".")[2]
    return name in eager and call.arguments[0].text().strip("'\"`") in ("close", "error")


RULE: Rule[Script] = Rule(
    id="reconnect-without-backoff",
    language="web",
    kind="socket",
    severity="warning",
    check=_check,
    suspect=7,
)
