"""The text of a project's file, read as the machine that wrote it would have it.

Configuration and logs of Chinese Windows machines are in UTF-16 (PowerShell's `>`) or GBK as often as in UTF-8.
"""

import os
import stat
import time
from pathlib import Path

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class UnreadableError(Exception):
    """A file has no text for us; `slug` says why, and `values` fill it in."""

    def __init__(self, slug: str, **values: object) -> None:
        super().__init__(slug)
        self.slug = slug
        self.values = values


def read(path: Path, *, limit: int, until: float) -> str:
    """Return the text of a file of at most `limit` bytes, unless it is too late; raises UnreadableError."""
    if time.monotonic() > until:
        raise UnreadableError("check.unreadable.late")
    content = content_of(path, limit=limit + 1)
    if len(content) > limit:
        raise UnreadableError("check.unreadable.large", limit=f"{limit / 1e6:g}")
    return decoded(content)


def tail(path: Path, *, limit: int) -> tuple[str, bool]:
    """Return the last `limit` bytes of a file as text, from a whole line on, and whether that is all of it."""
    content = content_of(path, limit=limit, from_end=True)
    is_all = len(content) < limit
    if not is_all and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.partition(b"\n")[2]
    return decoded(content), is_all


def content_of(path: Path, *, limit: int, from_end: bool = False) -> bytes:
    """Return the first or the last bytes of a plain file; never waits for a pipe, never goes through a link."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _NO_LINKS), "rb") as file:
            told = os.fstat(file.fileno())
            if not stat.S_ISREG(told.st_mode):
                raise UnreadableError("check.unreadable.special")
            if from_end:
                file.seek(max(0, told.st_size - limit))
            return file.read(limit)
    except OSError as err:
        raise UnreadableError("check.unreadable.denied", reason=err.strerror or str(err)) from err


def decoded(content: bytes) -> str:
    """Return bytes as text; raises UnreadableError for what is none."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content:
        raise UnreadableError("check.unreadable.binary")
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")
