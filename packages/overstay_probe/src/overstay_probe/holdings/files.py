"""Files and directories that a session created and that are still on disk.

"Created" is: it did not exist just before it was opened for writing. What is renamed is followed; what replaced an
older file is no new file.
"""

import io
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from overstay_probe import _site, _trouble
from overstay_probe._function import replace
from overstay_probe._ledger import current
from overstay_probe.holdings import descriptors
from overstay_probe.holdings._row import row

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NAMELESS = getattr(os, "O_TMPFILE", 0)
_NOT_FILES = ("/proc/", "/sys/")
_CODE_CACHE = "__pycache__"
_NO_NUMBER, _DATABASE = -1, -2
"""In place of a descriptor's number: for what opens none, and for what does not tell it."""
_CALLER = 3  # frames from `_site.here` to whom a replaced function serves, past the note and the function itself
_files: dict[str, tuple[int, _site.Site]] = {}


def arm() -> None:
    """Replace what makes, moves and removes files."""
    replace(
        {
            io.open: _noting_open,
            os.open: _noting_os_open,
            os.mkdir: _noting_mkdir,
            os.rename: _noting_rename,
            os.replace: _noting_rename,
            os.remove: _noting_removal,
            os.unlink: _noting_removal,
            os.rmdir: _noting_removal,
        }
    )


def fit_sqlite(module: ModuleType) -> None:
    """Replace what makes databases, from the import of sqlite3 on."""
    replace({module.connect: _noting_connect})


def forget() -> None:
    """Drop the parent's files."""
    _files.clear()


def sweep() -> None:
    """Drop the files that are gone."""
    for path in list(_files):
        if not os.path.lexists(path):
            _files.pop(path, None)


def _noting_open(original: Callable[..., Any]) -> Callable[..., Any]:
    def open(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:  # noqa: A001 - it stands in that place
        # An opener is a function of the application's: what it opens is seen where it does that.
        if not current.get() or type(file) is int or "opener" in options:
            return original(file, mode, *args, **options)
        path, is_new = _absolute(file), False
        if "r" not in mode or "+" in mode:
            is_new = path not in _files and ("x" in mode or not os.path.lexists(path))
        result = original(file, mode, *args, **options)
        _opened(path, is_new, result.fileno())
        return result

    return open


def _noting_os_open(original: Callable[..., int]) -> Callable[..., int]:
    def open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:  # noqa: A001 - as above
        if not current.get() or dir_fd is not None or (_NAMELESS and flags & _NAMELESS == _NAMELESS):
            return original(path, flags, mode, dir_fd=dir_fd)
        name, is_new = _absolute(path), False
        if flags & _WRITING:
            is_new = name not in _files and (flags & os.O_EXCL != 0 or not os.path.lexists(name))
        result = original(path, flags, mode)
        _opened(name, is_new, result)
        return result

    return open


def _noting_connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(database: Any, *args: Any, **options: Any) -> Any:
        if not current.get() or options.get("uri") or database in (":memory:", ""):
            return original(database, *args, **options)
        path = _absolute(database)
        is_new = not os.path.lexists(path)
        result = original(database, *args, **options)
        _opened(path, is_new, _DATABASE)
        return result

    return connect


def _noting_mkdir(original: Callable[..., None]) -> Callable[..., None]:
    def mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        original(path, mode, dir_fd=dir_fd)
        if dir_fd is None and current.get():
            _opened(_absolute(path), True)

    return mkdir


def _noting_rename(original: Callable[..., None]) -> Callable[..., None]:
    def rename(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        if not _files or src_dir_fd is not None or dst_dir_fd is not None:
            original(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
            return
        source, target = _absolute(src), _absolute(dst)
        is_new = target in _files or not os.path.lexists(target)
        original(src, dst)
        held = _files.pop(source, None)
        if held is not None and is_new:
            _files[target] = held

    return rename


def _noting_removal(original: Callable[..., None]) -> Callable[..., None]:
    def remove(path: Any, *, dir_fd: int | None = None) -> None:
        if dir_fd is not None:
            original(path, dir_fd=dir_fd)
            return
        original(path)
        absolute = _absolute(path)
        _files.pop(absolute, None)

    return remove


def _opened(path: str, is_new: bool, number: int = _NO_NUMBER) -> None:
    if not path or path.startswith(_NOT_FILES) or _CODE_CACHE in path:
        return
    try:
        session, site = current.get(), _site.here(_CALLER)
        if number >= 0:
            descriptors.note(number, path, session, site)
        elif number == _DATABASE:
            descriptors.note_database(path, session, site)
        if is_new:
            _files[path] = (session, site)
    except Exception as error:  # the application has its file; only our note of it failed
        _trouble.disarm("files", error)


def _absolute(path: Any) -> str:
    """Return a path that stays the same when the program changes its directory; empty for what is no path."""
    try:
        name: str = path if type(path) is str else os.fsdecode(path)
        if name.startswith("/") and "/." not in name and "//" not in name:
            return name  # as nearly every path is; abspath would take longer than the rest of the hook
        return os.path.abspath(name)  # pathlib's is several times slower, and this is a hook
    except (TypeError, OSError):  # any object with an index is a descriptor; and a working directory can be gone
        return ""


def alive() -> Iterator[dict[str, Any]]:
    """Yield the files that a session created and that exist."""
    for path, (session, site) in list(_files.items()):
        try:
            size = os.lstat(path).st_size
        except OSError:
            _files.pop(path, None)
        else:
            yield row("file", session, site, path=path, size=size)
