"""What a visit waits for in the messages of its server."""

import re
from collections.abc import Callable

from overstay.visits.wire import Message

What = str | re.Pattern[str] | Callable[[Message], object]


class Expectation:
    """A substring, a regular expression or a predicate, met by one message or by a text spread over several.

    `joiner` stands between the messages over which a text may be spread; with None each message stands for itself.
    A predicate always sees one message.
    """

    def __init__(self, what: What, joiner: str | None) -> None:
        self._what = what
        self._joiner = joiner
        self._text: str | None = None

    def is_met(self, message: Message) -> bool:
        """Take one more message and tell whether that was it."""
        if callable(self._what):
            return bool(self._what(message))
        text = message if isinstance(message, str) else message.decode(errors="replace")
        if self._joiner is not None and self._text is not None:
            text = f"{self._text}{self._joiner}{text}"
        self._text = text
        if isinstance(self._what, str):
            return self._what in text
        return self._what.search(text) is not None

    def __str__(self) -> str:
        if isinstance(self._what, str):
            return self._what
        if isinstance(self._what, re.Pattern):
            return self._what.pattern
        return getattr(self._what, "__name__", repr(self._what))
