"""Files and directories that a session created and that are still on disk.

The audit event comes before the action, so "created" is: it did not exist just before it was opened for writing. What
is renamed is followed; what replaced an older file is no new file.
"""

import os
from collections.abc import Iterator
from typing import Any

from overstay_probe import _audit, _site
from overstay_probe._ledger import current
from overstay_probe.holdings import descriptors
from overstay_probe.holdings._row import row

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NAMELESS = getattr(os, "O_TMPFILE", 0)
_NOT_FILES = ("/proc/", "/sys/")
_CODE_CACHE = "__pycache__"
_files: dict[str, tuple[int, _site.Site]] = {}


def arm() -> None:
    """Listen to what makes, moves and removes files."""
    _audit.listen("open", _opened)
    _audit.listen("os.mkdir", lambda args: _created(args[0], args[2]))
    _audit.listen("sqlite3.connect", lambda args: _created(args[0], -1))
    _audit.listen("os.rename", _renamed)
    _audit.listen("os.remove", lambda args: _removed(args[0], args[1]))
    _audit.listen("os.rmdir", lambda args: _removed(args[0], args[1]))


def forget() -> None:
    """Drop the parent's files."""
    _files.clear()


def sweep() -> None:
    """Drop the files that are gone."""
    for path in list(_files):
        if not os.path.lexists(path):
            _files.pop(path, None)


def _opened(args: tuple[Any, ...]) -> None:
    session = current.get()
    if not session:
        return
    path, _, flags = args
    if type(path) is int or (_NAMELESS and flags & _NAMELESS == _NAMELESS):
        return
    absolute = _absolute(path)
    if absolute.startswith(_NOT_FILES) or _CODE_CACHE in absolute:
        return
    site = _site.here()
    descriptors.note(absolute, session, site)
    if flags & _WRITING and absolute not in _files and (flags & os.O_EXCL or not os.path.lexists(absolute)):
        _files[absolute] = (session, site)


def _created(path: Any, dir_fd: int) -> None:
    session = current.get()
    if session and dir_fd in (-1, None) and not isinstance(path, int):
        absolute = _absolute(path)
        if not os.path.lexists(absolute):
            _files[absolute] = (session, _site.here())


def _renamed(args: tuple[Any, ...]) -> None:
    source, target = _absolute(args[0]), _absolute(args[1])
    held = _files.pop(source, None)
    if held is not None and (target in _files or not os.path.lexists(target)):
        _files[target] = held


def _removed(path: Any, dir_fd: int) -> None:
    if dir_fd in (-1, None):
        absolute = _absolute(path)
        _files.pop(absolute, None)
        descriptors.removed(absolute)


def _absolute(path: Any) -> str:
    if type(path) is str and path.startswith("/") and "/." not in path and "//" not in path:
        return path  # as nearly every path is; abspath would take longer than the rest of the hook
    return os.path.abspath(os.fsdecode(path))  # pathlib's is several times slower, and this is a hook


def alive() -> Iterator[dict[str, Any]]:
    """Yield the files that a session created and that exist."""
    for path, (session, site) in list(_files.items()):
        try:
            size = os.lstat(path).st_size
        except OSError:
            _files.pop(path, None)
        else:
            yield row("file", session, site, path=path, size=size)
