"""A timeout that fires after the page that set it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.owners import Owner
from overstay.scan.web.resources import Resource, asks_first, callback_of, rearms_itself, unclosed
from overstay.scan.web.script import Call, Script

_ENDS_PAGE = re.compile(r"\bwindow\s*\.\s*close\s*\(|\blocation\s*\.\s*(?:replace|reload|assign|href)\b")
_TOUCHES_REFS = re.compile(r"\(\)=>\{?(?:[\w$]+\.current\?\.\w+\([^;{}]*\);?)+\}?")


def _needs_no_clear(script: Script, call: Call, owner: Owner) -> bool:
    """Tell whether the timeout does no harm when it fires late.

    It fires at once, ends a wait or the document, asks whether it still may, or only touches elements that may have
    gone; or its owner is no component, and it fires once.
    """
    delay = call.arguments[1].text() if len(call.arguments) > 1 else "0"
    callback = callback_of(script, call)
    if callback is not None and asks_first(script, callback, owner):
        return True
    if rearms_itself(script, call):
        return False
    code = "" if callback is None else re.sub(r"\s", "", script.code_of(callback.node))
    is_harmless = _TOUCHES_REFS.fullmatch(code) is not None or _ENDS_PAGE.search(code) is not None
    return is_harmless or delay in ("0", "undefined") or not owner.is_strict or _ends_a_wait(script, call)


def _ends_a_wait(script: Script, call: Call) -> bool:
    """Tell whether the callback is the `resolve` of a promise: `new Promise((resolve) => setTimeout(resolve, 500))`."""
    around = script.around(call.span[0])
    awaited = around[0].parameters[:2] if around else ()
    callback = script.code_of(call.arguments[0]) if call.arguments else ""
    above = around[0].node.parent() if around else None
    made = above.parent() if above is not None else None
    is_promise = made is not None and made.kind() == "new_expression" and made.text().startswith("new Promise")
    return is_promise and any(re.search(rf"\b{re.escape(name)}\b", callback) for name in awaited)


TIMEOUT = Resource(
    word="setTimeout",
    opened_by=re.compile(r"^setTimeout$"),
    closed_by=re.compile(r"^clear(?:Timeout|Interval)$"),
    finally_counts=True,
    excuses=_needs_no_clear,
)

RULE: Rule[Script] = Rule(
    id="timeout-without-clear",
    language="web",
    kind="timer",
    severity="warning",
    check=lambda script: unclosed(script, TIMEOUT),
    is_hint=True,
)
