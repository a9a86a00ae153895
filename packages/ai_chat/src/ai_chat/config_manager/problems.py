"""What a configuration that cannot be used is told by."""

from __future__ import annotations

from ai_chat.problems import ChatProblem

LONGEST_QUOTE = 60  # characters of a value


class ConfigProblem(ChatProblem):
    """A configuration that cannot be used. Its values hold no secret."""


def quoted(value: object) -> str:
    """A value as a sentence quotes it."""
    told = repr(value)
    return told if len(told) <= LONGEST_QUOTE else told[:LONGEST_QUOTE] + "…"
