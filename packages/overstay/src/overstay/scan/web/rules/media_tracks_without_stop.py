"""A microphone, camera or screen that stays on when the page that asked for it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.resources import Resource, unclosed
from overstay.scan.web.script import Script

TRACKS = Resource(
    word="Media",
    opened_by=re.compile(r"(?:^|\.)get(?:User|Display)Media$"),
    closed_by=re.compile(r"^stop$"),
    in_handlers=True,
    finally_counts=True,
)

RULE: Rule[Script] = Rule(
    id="media-tracks-without-stop",
    language="web",
    kind="object",
    severity="severe",
    check=lambda script: unclosed(script, TRACKS),
)
