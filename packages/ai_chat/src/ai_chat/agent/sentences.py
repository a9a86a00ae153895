"""Divides a stream of text into sentences, in any mix of English and Chinese.

What is given back loses nothing but the space around a sentence, and does not depend on how the text was cut into
pieces: a mark ends a sentence only once the character after it is known, except for Chinese marks, which always do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 300  # characters without any end before one is made
CHINESE_END = "。！？；…"
CHINESE_ENDS = frozenset(CHINESE_END)
MARKS = CHINESE_END + ".!?"
CLOSERS = "\"'”’」』）)]】"
ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st vs etc no fig inc ltd jr sr approx".split()  # noqa: SIM905 - a list to read
)
INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")  # J, e.g, U.S.A
WORD_BEFORE = re.compile(r"([A-Za-z][A-Za-z.]*)$")


class SentenceDivider:
    """Takes pieces, gives whole sentences as early as they are known to be whole."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> Iterator[str]:
        """Yield the sentences that are complete with this piece."""
        self._text += piece
        while (end := self._end()) is not None:
            sentence, self._text = self._text[:end].strip(), self._text[end:]
            if sentence:
                yield sentence

    def flush(self) -> Iterator[str]:
        """Yield what is left, as the last sentence."""
        sentence, self._text = self._text.strip(), ""
        if sentence:
            yield sentence

    def _end(self) -> int | None:
        """Where the first sentence ends; None when that is not known yet."""
        text, at = self._text, 0
        while at < min(len(text), LONGEST):
            if text[at] == "\n":
                return at + 1
            after = at + 1
            if text[at] in MARKS:
                after = self._after(at)
                if after == len(text):
                    return None  # a closing quote, or another mark, may follow
                if not CHINESE_ENDS.isdisjoint(text[at:after]) or self._ends(at, after):
                    return after
            at = after  # what follows a mark at once ends where it does: a row of dots is looked at once
        return self._forced_end() if len(text) > LONGEST else None

    def _after(self, at: int) -> int:
        """Where the marks and closing quotes that begin at a mark end, or the bound before that."""
        after = at + 1
        while after < min(len(self._text), LONGEST) and self._text[after] in MARKS + CLOSERS:
            after += 1
        return after

    def _ends(self, at: int, after: int) -> bool:
        text = self._text
        if not text[after].isspace() and ord(text[after]) < 0x2E80:
            return False  # 3.14, example.com
        if text[at] != "." or after - at > 1:
            return True
        word = WORD_BEFORE.search(text[:at])
        if word is None:
            return not text[:at].strip().isdigit()  # "1." begins a list
        return word[1].lower() not in ABBREVIATIONS and not INITIALS.fullmatch(word[1])

    def _forced_end(self) -> int:
        """After the last comma or space before the bound; at the bound where there is none."""
        cut = max(self._text.rfind(mark, 1, LONGEST) for mark in ",，、 ")
        return cut + 1 if cut > 0 else LONGEST
