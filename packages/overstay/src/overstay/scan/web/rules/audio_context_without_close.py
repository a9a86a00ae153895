"""An AudioContext that keeps its audio thread when the page that made it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.resources import Resource, unclosed
from overstay.scan.web.script import Script

CONTEXT = Resource(
    word="AudioContext",
    opened_by=re.compile(r"(?:^|[(|?.])(?:webkit)?AudioContext\)?$"),
    closed_by=re.compile(r"^close$"),
    is_made=True,
    in_handlers=True,
    finally_counts=True,
)

RULE: Rule[Script] = Rule(
    id="audio-context-without-close",
    language="web",
    kind="thread",
    severity="severe",
    check=lambda script: unclosed(script, CONTEXT),
)
