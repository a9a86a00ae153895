"""An observer that goes on watching when the page that made it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.owners import Owner
from overstay.scan.web.resources import Resource, callback_of, unclosed
from overstay.scan.web.script import Call, Script


def _ends_itself(script: Script, call: Call, _owner: Owner) -> bool:
    """Tell whether the callback disconnects: the observer waits for one event."""
    callback = callback_of(script, call)
    code = "" if callback is None else script.code[callback.span[0] : callback.span[1]]
    return re.search(r"\.\s*(?:disconnect|unobserve)\s*\(", code) is not None


OBSERVER = Resource(
    word="Observer",
    opened_by=re.compile(r"^(?:Resize|Intersection|Mutation|Performance|Reporting)Observer$"),
    closed_by=re.compile(r"^(?:disconnect|unobserve)$"),
    is_made=True,
    excuses=_ends_itself,
)

RULE: Rule[Script] = Rule(
    id="observer-without-disconnect",
    language="web",
    kind="object",
    severity="warning",
    check=lambda script: unclosed(script, OBSERVER),
)
