"""Descriptors of files that a session opened, for reading or writing, and never closed.

`open` takes a path and returns an object whose descriptor may be duplicated or handed on. So the paths that sessions
opened are noted, and when somebody asks, the process's own list of descriptors says how many are open on each. They
are given to the sessions that opened the path, the latest first, one each before anybody gets a second: which of two
equal handles is whose cannot be told, how many there are is exact.
"""

from collections.abc import Iterator
from typing import Any

from overstay_probe import _platform, _site
from overstay_probe._ledger import ledger
from overstay_probe.holdings._row import row

_FEWEST_NOTES = 1024
_opened: dict[str, dict[int, _site.Site]] = {}
_notes = 0
_most_notes = _FEWEST_NOTES


def arm() -> None:
    """Nothing to hook: `files` hears the opening."""


def forget() -> None:
    """Drop the parent's notes."""
    _opened.clear()


def note(path: str, session: int, site: _site.Site) -> None:
    """Remember that a session opens a path; what is gone is dropped whenever the notes have doubled."""
    global _notes, _most_notes  # noqa: PLW0603 - two numbers beside the table that they bound
    sessions = _opened.get(path)
    if sessions is None:
        _opened[path] = {session: site}
    else:
        sessions[session] = site
    _notes += 1
    if _notes > _most_notes:
        sweep()
        _notes = sum(map(len, _opened.values()))
        _most_notes = max(_FEWEST_NOTES, 2 * _notes)


def removed(path: str) -> None:
    """Drop the notes of a path that is being removed: a descriptor that is still open on it has no name to go by."""
    _opened.pop(path, None)


def sweep() -> None:
    """Drop the notes of ended sessions on paths that nobody has open."""
    if not _opened:
        return
    in_use = set(_platform.open_paths())
    for path, sessions in list(_opened.items()):
        if path not in in_use:
            for session in [number for number in list(sessions) if number not in ledger.open]:
                sessions.pop(session, None)
            if not sessions:
                _opened.pop(path, None)


def alive() -> Iterator[dict[str, Any]]:
    """Yield the descriptors that are open on paths which sessions opened."""
    if not _opened:
        return
    counts: dict[str, int] = {}
    for path in _platform.open_paths():
        counts[path] = counts.get(path, 0) + 1
    for path, count in counts.items():
        latest_first = sorted(_opened.get(path, {}).items(), reverse=True)
        for place in range(count if latest_first else 0):
            session, site = latest_first[place % len(latest_first)]
            yield row("descriptor", session, site, path=path)
