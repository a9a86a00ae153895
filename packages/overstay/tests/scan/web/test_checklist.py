"""What the user found by hand in his page, found by the rules in files that look like his."""

from pathlib import Path

import pytest

from overstay.scan.web import RULES, units

SNIPPETS = Path(__file__).parent / "snippets"


@pytest.mark.parametrize(
    ("file", "rule", "code", "suspect"),
    [
        ("timeout-without-clear/ad-carousel.tsx", "timeout-without-clear", "setTimeout(() => { // bad", None),
        (
            "state-mutated-outside-producer/vad-context.tsx",
            "state-mutated-outside-producer",
            "settings.positiveSpeechThreshold = value; // bad",
            None,
        ),
        ("devtools-in-production/index.ts", "devtools-in-production", "devTools: true, // bad", None),
        (
            "reconnect-without-backoff/websocket.tsx",
            "reconnect-without-backoff",
            "timer.current = window.setTimeout(() => { // bad",
            7,
        ),
    ],
    ids=["ad-carousel.tsx", "vad-context.tsx", "store/index.ts", "suspect 7"],
)
def test_item_of_the_checklist_is_found(file: str, rule: str, code: str, suspect: int | None) -> None:
    """The line is named, by all rules together, with the number that it has in the checklist."""
    [script] = units([SNIPPETS / file], SNIPPETS)[0]
    found = [(each.id, match.code, each.suspect) for each in RULES for match in each.check(script)]
    assert (rule, code, suspect) in found


def test_reconnecting_every_two_seconds_is_said_with_its_delay() -> None:
    """The log of the checklist says "WS schedule reconnect in 2000ms"."""
    [script] = units([SNIPPETS / "reconnect-without-backoff" / "websocket.tsx"], SNIPPETS)[0]
    [rule] = [each for each in RULES if each.suspect == 7]
    first = next(iter(rule.check(script)))
    assert first.evidence == (("web.pace-fixed", {"delay": "2000 ms"}),)
