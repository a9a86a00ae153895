"""Descriptors of files that a session opened, for reading or writing, and never closed.

Each is noted by its number when it is opened, with the path. The number is given again when it is closed, and the next
note takes the place of this one, so the table is never longer than the process's own. Whether a noted descriptor is
still the one that was opened is asked when somebody looks: it is open, and on the file that the path names.

What sqlite3 opens is not told by number. So the paths of databases are noted, and the process's own list of
descriptors says how many are open on each; they are given to the sessions that connected, the latest first, one each
before anybody gets a second.
"""

import os
from collections.abc import Iterator
from typing import Any

from overstay_probe import _platform, _site
from overstay_probe.holdings._row import row

_MOST_SESSIONS = 64
_opened: dict[int, tuple[str, int, _site.Site]] = {}
_databases: dict[str, dict[int, _site.Site]] = {}


def arm() -> None:
    """Nothing to hook: `files` hears the opening."""


def forget() -> None:
    """Drop the parent's notes."""
    _opened.clear()
    _databases.clear()


def note(number: int, path: str, session: int, site: _site.Site) -> None:
    """Remember that a session opened a path, and under which number."""
    _opened[number] = (path, session, site)


def note_database(path: str, session: int, site: _site.Site) -> None:
    """Remember that a session connects to a database; of those that did, the latest are kept."""
    sessions = _databases.setdefault(path, {})
    sessions[session] = site
    if len(sessions) > _MOST_SESSIONS:
        del sessions[next(iter(sessions))]


def sweep() -> None:
    """Drop the notes of what is closed."""
    for number, (path, session, _) in list(_opened.items()):
        if not _is_open(number, path) and _opened.get(number, (path, session))[:2] == (path, session):
            _opened.pop(number, None)
    if _databases:
        in_use = set(_platform.open_paths())
        for path in [path for path in list(_databases) if path not in in_use]:
            _databases.pop(path, None)


def alive() -> Iterator[dict[str, Any]]:
    """Yield the descriptors that are open on what sessions opened."""
    for number, (path, session, site) in list(_opened.items()):
        if _is_open(number, path):
            yield row("descriptor", session, site, path=path)
    yield from _open_databases()


def _is_open(number: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except (OSError, ValueError):
        return False


def _open_databases() -> Iterator[dict[str, Any]]:
    if not _databases:
        return
    counts: dict[str, int] = {}
    for path in _platform.open_paths():
        counts[path] = counts.get(path, 0) + 1
    for path, sessions in list(_databases.items()):
        latest_first = sorted(sessions.items(), reverse=True)
        for place in range(counts.get(path, 0)):
            session, site = latest_first[place % len(latest_first)]
            yield row("descriptor", session, site, path=path)
