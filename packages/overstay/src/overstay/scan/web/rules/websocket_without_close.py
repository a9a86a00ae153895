"""A connection that stays open when the page that opened it is closed."""

import re

from overstay.scan.rule import Rule
from overstay.scan.web.resources import Resource, unclosed
from overstay.scan.web.script import Script

CONNECTION = Resource(
    word="new ",
    opened_by=re.compile(r"^(?:\w*WebSocket|\w*EventSource|RTCPeerConnection|BroadcastChannel|WebTransport)$"),
    closed_by=re.compile(r"^(?:close|terminate|disconnect)$"),
    is_made=True,
    in_handlers=True,
)

RULE: Rule[Script] = Rule(
    id="websocket-without-close",
    language="web",
    kind="socket",
    severity="severe",
    check=lambda script: unclosed(script, CONNECTION),
)
