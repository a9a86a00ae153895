"""Text as it is stored."""

from __future__ import annotations

import unicodedata

TITLE = 40
TITLE_AT_MOST = 200
LAST = 100


def storable(text: str) -> str:
    """The text without what databases refuse: halves of characters become U+FFFD, zero characters vanish."""
    if text.isascii():
        return text.replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def one_line(text: str, at_most: int) -> str:
    """The beginning of a text, without control characters."""
    line = " ".join(storable(text[: 4 * at_most]).split())
    return "".join(one for one in line if unicodedata.category(one) != "Cc")[:at_most]


def like_pattern(query: str) -> str:
    r"""The LIKE pattern for texts that contain `query`, escaped by a backslash."""
    for special in "\\%_":
        query = query.replace(special, "\\" + special)
    return f"%{query}%"


def fts_phrase(query: str) -> str:
    """The FTS5 query for texts that contain `query` as it stands, whatever operators it looks like."""
    return '"' + query.replace('"', '""') + '"'
