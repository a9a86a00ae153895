"""An object URL that keeps its blob in memory when the page that made it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.resources import Resource, unclosed
from overstay.scan.web.script import Script

URL = Resource(
    word="createObjectURL",
    opened_by=re.compile(r"(?:^|\.)createObjectURL$"),
    closed_by=re.compile(r"^revokeObjectURL$"),
    in_handlers=True,
    anywhere=True,
)

RULE: Rule[Script] = Rule(
    id="object-url-without-revoke",
    language="web",
    kind="object",
    severity="warning",
    check=lambda script: unclosed(script, URL),
)
