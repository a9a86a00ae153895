"""A loop of animation frames that goes on when the page that began it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.owners import Owner
from overstay.scan.web.resources import Resource, asks_first, rearms_itself, unclosed
from overstay.scan.web.script import Call, Script


def _is_no_loop(script: Script, call: Call, owner: Owner) -> bool:
    """Tell whether the frame comes once, or the loop asks whether it still may go on."""
    loops = [each for each in script.around(call.span[0]) if each.name]
    return not rearms_itself(script, call) or any(asks_first(script, each, owner) for each in loops)


FRAME = Resource(
    word="requestAnimationFrame",
    opened_by=re.compile(r"^requestAnimationFrame$"),
    closed_by=re.compile(r"^cancelAnimationFrame$"),
    in_handlers=True,
    excuses=_is_no_loop,
)

RULE: Rule[Script] = Rule(
    id="animation-frame-without-cancel",
    language="web",
    kind="timer",
    severity="warning",
    check=lambda script: unclosed(script, FRAME),
)
