"""A worker whose thread runs on when the page that started it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.resources import Resource, unclosed
from overstay.scan.web.script import Script

WORKER = Resource(
    word="Worker",
    opened_by=re.compile(r"^(?:\w*Worker)$"),
    closed_by=re.compile(r"^(?:terminate|close)$"),
    is_made=True,
    in_handlers=True,
    finally_counts=True,
)

RULE: Rule[Script] = Rule(
    id="worker-without-terminate",
    language="web",
    kind="thread",
    severity="severe",
    check=lambda script: unclosed(script, WORKER),
)
