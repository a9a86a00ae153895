"""The logs of a project: those that the server wrote, and exports of the browser's console.

Of a large file only the end is read, and of many the newest: what goes wrong now stands there.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath

from overstay.checks.text import UnreadableError, tail
from overstay.checks.tree import LOG, File, Tree

LAST = 8_000_000
"""Bytes that are read of one file, from its end."""
_IN_ALL = 40_000_000
_MOST = 40
_NAMED = re.compile(r"(^|[/_.-])(logs?|console|nohup|stdout|stderr|output)([/_.-]|$)|日志|控制台", re.IGNORECASE)
_PACKED = frozenset({".gz", ".xz", ".zip", ".bz2", ".zst"})
_DATE = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?")
_CLOCK = re.compile(r"(?<![\d:])(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,6}))?")
_STAMP_WITHIN = 80
_SHOWN = 160
_MOST_LINES = 20_000
"""Places in one log that one sign is looked for at, the last of them."""
_AROUND = 500
"""Characters on both sides of a word that its pattern is looked for in; a line may be endless."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a line says: a pattern, and words in small letters of which one is in every text that it matches.

    A search for words takes a hundredth of the time that one for a pattern takes.
    """

    words: tuple[str, ...]
    pattern: "re.Pattern[str]"


def sign(*words: str, pattern: str) -> Sign:
    """Return a sign whose pattern does not care for capitals."""
    return Sign(words, re.compile(pattern, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Line:
    """A line that matched: where it begins in the text, its number if the file was read from its beginning."""

    file: str
    text: str
    position: int
    number: int | None
    at: float | None
    match: "re.Match[str]"

    def __str__(self) -> str:
        where = self.file if self.number is None else f"{self.file}:{self.number}"
        return f"{where}: {self.text[:_SHOWN]}"


@dataclass(frozen=True)
class Log:
    """The end of one log file, or all of it."""

    file: str
    text: str
    is_whole: bool

    @cached_property
    def _lowered(self) -> str:
        # The one letter that has two characters in small would shift all that comes after it.
        return self.text.replace("\u0130", "I").lower()

    def lines(self, sign: Sign) -> Iterator[Line]:
        """Yield the lines that a sign is found in, each once."""
        after = number = counted = 0
        places = sorted(position for word in sign.words for position in _positions(self._lowered, word))
        for position in places[-_MOST_LINES:]:
            if position < after:
                continue
            begin = self.text.rfind("\n", after, position) + 1 or after
            end = self.text.find("\n", position)
            after = len(self.text) if end < 0 else end
            match = sign.pattern.search(self.text, max(begin, position - _AROUND), min(after, position + _AROUND))
            if match is None:
                continue
            number += self.text.count("\n", counted, begin)
            counted = begin
            line = self.text[begin : min(after, begin + 2 * _AROUND)].strip()
            yield Line(self.file, line, begin, number + 1 if self.is_whole else None, seconds_of(line), match)


def _positions(text: str, word: str) -> Iterator[int]:
    position = text.find(word)
    while position >= 0:
        yield position
        position = text.find(word, position + len(word))


class Logs:
    """All logs of a project that could be read in time."""

    def __init__(self, tree: Tree, *, until: float) -> None:
        self._tree = tree
        self._until = until
        self.unread: list[str] = []

    @cached_property
    def files(self) -> list[Log]:
        """Return the logs, newest first."""
        found, total = [], 0
        for file in sorted(filter(_is_log, self._tree.of(LOG)), key=lambda file: -file.modified)[:_MOST]:
            try:
                if total > _IN_ALL or time.monotonic() > self._until:
                    self.unread.append(file.path)
                    continue
                text, is_whole = tail(self._tree.root / file.path, limit=LAST)
            except UnreadableError:
                self.unread.append(file.path)
            else:
                total += len(text)
                found.append(Log(file.path, text, is_whole))
        return found

    def lines(self, sign: Sign) -> list[Line]:
        """Return the lines of all logs that a sign is found in."""
        return [line for log in self.files for line in log.lines(sign)]


def seconds_of(line: str) -> float | None:
    """Return the time at the beginning of a line in seconds; of a clock without a date, within its day."""
    head = line[:_STAMP_WITHIN]
    if dated := _DATE.search(head):
        year, month, day, hour, minute, second = map(int, dated.groups()[:6])
        try:
            # Local time as it stands there: only differences matter.
            at = datetime(year, month, day, hour, minute, second)
            return (at - datetime(2000, 1, 1)).total_seconds() + _fraction(dated[7])
        except ValueError:
            return None
    if clock := _CLOCK.search(head):
        hours, minutes, seconds, fraction = clock.groups()
        return 3600.0 * int(hours) + 60 * int(minutes) + int(seconds) + _fraction(fraction)
    return None


def _fraction(digits: str | None) -> float:
    return float(f"0.{digits}") if digits else 0.0


def _is_log(file: File) -> bool:
    if PurePosixPath(file.path).suffix.lower() in _PACKED:
        return False
    return file.suffix == ".log" or _NAMED.search(file.path) is not None
