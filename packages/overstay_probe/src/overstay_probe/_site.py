"""Sites: the line that acquired a holding, found in well under two microseconds.

A site is interned by the instruction of its first application frame, so the stack is walked to its end only once for
each line of the program that acquires something. Two observations make the walk cheap: a frame's globals say which
module it is in, and a line number need not be computed before somebody reads it. No audit hook is used anywhere in the
probe, because with one every `sys._getframe` and `f_code` raises an event, which is dearer than the rest of the walk.
"""

import asyncio
import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from types import CodeType, FrameType
from typing import Any

EDGE, PLUMBING, LIBRARY, APPLICATION = -1, 0, 1, 2
"""Ranks of a module. Beyond an edge is the code that runs the loop, which has acquired nothing."""
DEPTH = 8
_FARTHEST = 64
_CWD = os.getcwd()  # a path of pathlib's would import it into every Python process of the command
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_EDGES = frozenset(("asyncio.events", "asyncio.runners", "uvloop"))  # Handle._run, Runner.run, uvloop.run
_PLUMBING_PACKAGES = frozenset(("asyncio", "anyio", "uvloop", "overstay_probe"))

Frame = tuple[CodeType, int]
"""A code object and the offset of the instruction that it was at."""


class Site:
    """A line of the program: its frames, innermost first, and which of them is the site itself."""

    __slots__ = ("frames", "library", "number", "where")

    def __init__(self, number: int, frames: tuple[Frame, ...], where: Frame, library: bool) -> None:
        self.number = number
        self.frames = frames
        self.where = where
        self.library = library


class _Asked(threading.local):
    """On whose behalf a thread is running."""

    site: Site | None = None


_asked = _Asked()
_numbers = count()  # of any thread: next() is atomic, so no lock is held while the collector may run our own hooks
_sites: dict[int, Site] = {}
_by_instruction: dict[int, Site] = {}  # by the address of the instruction, more or less: see _address
_modules: dict[Any, int] = {}
_descriptions: dict[int, tuple[CodeType, dict[str, Any]]] = {}  # of waiting clients, most are at the same few lines
_MOST_DESCRIPTIONS = 4096


def here(depth: int = 2) -> Site:
    """Return the site of whatever the caller, a hook, stands in for; `depth` frames from here is whom it serves.

    That is the first application frame on the stack; else the application's line that asked for what runs now, be it
    a task or a call in another thread; else the innermost library frame.
    """
    frame: FrameType | None = sys._getframe(depth)  # noqa: SLF001 - the only way to one's own stack
    innermost = frame
    library: FrameType | None = None
    while frame is not None:
        try:  # as in rank_of: a call for each frame would double the walk
            rank = _modules[frame.f_globals["__name__"]]
        except (KeyError, TypeError):  # a module may call itself by something that cannot even be hashed
            rank = rank_of(frame.f_globals)
        if rank == APPLICATION:
            return _by_instruction.get(id(frame.f_code) + frame.f_lasti) or _interned(frame, innermost, library=False)
        if rank == LIBRARY and library is None:
            library = frame
        elif rank == EDGE and frame is not innermost:
            break
        frame = frame.f_back
    inherited = _asked.site or _site_of_running_task()
    if inherited is not None and not inherited.library:
        return inherited
    return _interned(library or innermost, innermost, library=True)  # type: ignore[arg-type]  # never None: our caller


def rank_of(module: dict[str, Any]) -> int:
    """Return the rank of a module, given by its globals."""
    name = module.get("__name__")
    if type(name) is not str:
        return PLUMBING
    rank = _modules.get(name)
    if rank is None:
        rank = _modules[name] = _rank(name, module.get("__file__"))
    return rank


def _rank(name: str, file: object) -> int:
    if name in _EDGES:
        return EDGE
    if name.partition(".")[0] in _PLUMBING_PACKAGES:
        return APPLICATION if name == "overstay_probe._canary" else PLUMBING
    if type(file) is not str:
        return APPLICATION if name == "__main__" else PLUMBING
    return rank_of_path(os.path.abspath(file))


def rank_of_path(path: str) -> int:
    """Return the rank of a source file: the project's own first, then site-packages, then the standard library."""
    project = os.environ.get("OVERSTAY_PROJECT")
    inside = project and path.startswith(project.rstrip(os.sep) + os.sep)
    shown = path[len(project) :] if project and inside else path
    if f"{os.sep}site-packages{os.sep}" in shown or f"{os.sep}dist-packages{os.sep}" in shown:
        return LIBRARY
    if path.startswith(_SCRIPTS):
        return LIBRARY  # the launcher that an installed package has there
    if inside:
        return APPLICATION
    return PLUMBING if path.startswith(_STANDARD) or path.startswith(_HERE) else APPLICATION


_SCRIPTS = os.path.abspath(sysconfig.get_path("scripts")) + os.sep
_STANDARD = tuple({os.path.abspath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")})


def ask(site: Site | None) -> Site | None:
    """Say on whose behalf this thread runs from now on, and return what was before, to be said again at the end."""
    before, _asked.site = _asked.site, site
    return before


@contextmanager
def asked_at(site: Site) -> Iterator[None]:
    """Run on behalf of a line of another stack, for the length of the block."""
    before = ask(site)
    try:
        yield
    finally:
        ask(before)


def at(frame: FrameType, innermost: FrameType) -> Site:
    """Return the site of a frame of another thread's stack, whose innermost frame is given."""
    return _interned(frame, innermost, library=False)


def _site_of_running_task() -> Site | None:
    if asyncio._get_running_loop() is None:  # noqa: SLF001 - the public function raises where there is no loop
        return None
    return getattr(asyncio.current_task(), "overstay_site", None)


def _interned(frame: FrameType, innermost: FrameType | None, *, library: bool) -> Site:
    code, lasti = frame.f_code, frame.f_lasti
    return _by_instruction.get(id(code) + lasti) or _added(_walk(innermost, (code, lasti)), (code, lasti), library)


def _added(frames: tuple[Frame, ...], where: Frame, library: bool) -> Site:
    site = Site(next(_numbers), frames, where, library)
    _sites[site.number] = _by_instruction[_address(where)] = site
    return site


def _address(frame: Frame) -> int:
    """Return a number that no other instruction has for as long as its site is kept.

    A code object carries its instructions within itself, so an offset counted from its own address stays inside it;
    the site keeps the code object alive. Its hash would be dearer than the rest of the hook: CPython reads through
    all the instructions for it.
    """
    code, lasti = frame
    return id(code) + lasti


def _walk(frame: FrameType | None, where: Frame) -> tuple[Frame, ...]:
    """Return up to eight frames outward from `frame` without the plumbing; `where` is always among them."""
    frames: list[Frame] = []
    for _ in range(_FARTHEST):
        if frame is None or len(frames) == DEPTH:
            break
        if rank_of(frame.f_globals) > PLUMBING:
            frames.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    if where not in frames:
        frames[DEPTH - 1 :] = [where]
    return tuple(frames)


def site_of_code(code: CodeType) -> Site:
    """Return the site for a coroutine whose making nobody saw: where its function begins."""
    where = (code, -1)
    is_library = rank_of_path(absolute(code.co_filename)) != APPLICATION
    return _by_instruction.get(_address(where)) or _added((where,), where, is_library)


def numbered(number: int) -> "Site | None":
    """Return the site with this number, None when this process never gave it out."""
    return _sites.get(number)


def absolute(path: str) -> str:
    """Return a source path as it was meant when the program started."""
    return path if path.startswith("<") else os.path.normpath(os.path.join(_CWD, path))


def described(frame: Frame) -> dict[str, Any]:
    """Return a frame as plain data: file, line, function, and whether it is the application's."""
    known = _descriptions.get(_address(frame))
    if known is not None and known[0] is frame[0]:
        return known[1]
    if len(_descriptions) >= _MOST_DESCRIPTIONS:
        _descriptions.clear()
    description = _description(frame)
    _descriptions[_address(frame)] = (frame[0], description)
    return description


def _description(frame: Frame) -> dict[str, Any]:
    code, lasti = frame
    line = code.co_firstlineno
    if lasti >= 0:
        line = next(islice(code.co_positions(), lasti // 2, None), (None,))[0] or line
    file = absolute(code.co_filename)
    return {"file": file, "line": line, "function": code.co_qualname, "rank": rank_of_path(file)}


def described_site(site: Site) -> dict[str, Any]:
    """Return a site as plain data, innermost frame first."""
    return {
        "site": described(site.where),
        "library": site.library,
        "frames": [described(frame) for frame in site.frames],
    }


def suspended(frames: list[Frame]) -> list[dict[str, Any]]:
    """Return a waiting stack, outermost first, as plain data: what is not plumbing, and the innermost frame."""
    shown = [described(frame) for frame in frames[-4 * DEPTH :]]
    return [frame for frame in shown[:-1] if frame["rank"] != PLUMBING][-DEPTH:] + shown[-1:]
