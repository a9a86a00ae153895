"""Lines of a screen: folded by the cells that characters take, since Chinese ones take two and need no space between.

rich breaks lines at spaces only and leaves half a line empty before every Chinese sentence; hence this module.
"""

import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len

_NEVER_FIRST = frozenset("，。；：、？）】》」』”’…,.;:?)]}")
_NEVER_LAST = frozenset("（【《「『“‘([{")


def visible(text: str) -> str:
    """Return `text` on one line with everything unprintable spelled out: it may come from the server under test."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode("ascii")


def folded(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken at spaces and between Chinese characters.

    A single word that is wider, such as a long path, keeps a line of its own and is cut where the line is full.
    """
    lines = [""]
    for piece in _pieces(text):
        if cell_len(lines[-1] + piece.rstrip()) <= width:
            lines[-1] += piece
            continue
        lines[-1] = lines[-1].rstrip()
        rest = piece
        while cell_len(rest.rstrip()) > width:
            cut = _longest_head(rest, width)
            lines.append(rest[:cut])
            rest = rest[cut:]
        lines.append(rest)
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _longest_head(text: str, width: int) -> int:
    cut = 1
    while cell_len(text[: cut + 1]) <= width:
        cut += 1
    return cut


def _pieces(text: str) -> Iterator[str]:
    """Yield what must not be broken: a word with the spaces after it, or one wide character with its punctuation."""
    piece = ""
    for character in text:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if after.isspace() or after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    return before.isspace() or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
