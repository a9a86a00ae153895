"""An interval that goes on when the page that set it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.resources import Resource, unclosed
from overstay.scan.web.script import Script

INTERVAL = Resource(
    word="setInterval",
    opened_by=re.compile(r"^setInterval$"),
    closed_by=re.compile(r"^clear(?:Interval|Timeout)$"),
    in_handlers=True,
)

RULE: Rule[Script] = Rule(
    id="interval-without-clear",
    language="web",
    kind="timer",
    severity="warning",
    check=lambda script: unclosed(script, INTERVAL),
)
