"""Closers: which sessions run the methods that are there to end an object, and which make such an object.

A session that leaves something has either not closed what it made, or closed it in vain; which of the two can only be
known by watching the calls. So while a tool asks for it, the closers of the application's classes and their `__init__`
note the session that runs them, once. They are found by walking over the modules: a class that a function makes is not
seen, nor one whose metaclass has a say in how its attributes are set.
"""

import functools
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, NamedTuple

from overstay_probe import _trouble
from overstay_probe._ledger import current, ledger
from overstay_probe._site import APPLICATION, absolute, rank_of
from overstay_probe._types import is_a, module_of, mro, names_in, namespace, qualname_of
from overstay_probe._wrap import put_in_place, take_out

NAMES = frozenset(("close", "aclose", "reset", "stop", "disconnect", "cleanup", "shutdown", "__aexit__", "__exit__"))
_MADE = "__init__"
_WHAT = "closers"
_MOST_NOTED = 4096
_COROUTINE = 0x80  # inspect.CO_COROUTINE, whose module is slow to import
_SETTING = frozenset(("__setattr__", "__delattr__", "__getattribute__"))


class _Class(NamedTuple):
    """A class of the application, and by method how many sessions there had been when it began to tell."""

    number: int
    kind: type
    file: str
    since: dict[str, int]


_known: dict[int, _Class] = {}
"""By the address of the class, which is kept with it; the hash of a class may be its metaclass's."""
_noted: set[tuple[int, int, str]] = set()


def watch(others: Iterable[Any]) -> dict[str, Any]:
    """Let the closers of all classes that are loaded note their sessions, and `others`: [file, class, method] each.

    Return the files of the application, and its classes: of each its number in the rows of the journal, file and
    qualified name, which closers it has, and which methods are watched, after how many sessions that began.
    """
    files = []
    for name, module in list(sys.modules.items()):
        names = names_in(module)
        if names is None or name.partition(".")[0] == "overstay_probe" or rank_of(names) != APPLICATION:
            continue
        file = names.get("__file__")
        files.append(absolute(file) if type(file) is str else "")
        try:
            _watch_module(names, files[-1])
        except Exception as error:  # classes may be stranger than we know
            _trouble.disarm(_WHAT, error)
            break
    for other in others:
        for each in _known.values():
            if other[:2] == [each.file, qualname_of(each.kind)]:
                _watch_method(each, other[2])
    return {"files": files, "classes": [_told(each) for each in _known.values()]}


def leave() -> None:
    """Take everything out again."""
    take_out([each.kind for each in _known.values()])
    _known.clear()
    _noted.clear()


def _watch_module(names: Mapping[str, Any], file: str) -> None:
    for kind in _classes(names, names.get("__name__")):
        if id(kind) not in _known:
            known = _known[id(kind)] = _Class(len(_known), kind, file, {})
            for name in (*NAMES, _MADE) if _closers(kind) else ():
                _watch_method(known, name)


def _watch_method(known: _Class, name: str) -> None:
    function = namespace(known.kind).get(name)
    if type(function) is FunctionType and not hasattr(function, "overstay_wrapped"):
        put_in_place(known.kind, name, _noting(function, name))
        known.since[name] = ledger.given


def _classes(names: Mapping[str, Any], module: object, outer: str = "") -> Iterator[type]:
    """Yield the classes that a module defines, those inside of others too."""
    for value in list(names.values()):
        if is_a(value, type) and module_of(value) == module and _is_plain(value):
            name = qualname_of(value)
            if name.startswith(outer):
                yield value
                yield from _classes(namespace(value), module, f"{name}.")


def _is_plain(kind: type) -> bool:
    """Tell whether attributes of a class are set as those of any other, without a line of its metaclass's."""
    own = [owner for owner in mro(type(kind)) if owner is not type and owner is not object]
    return not any(name in namespace(owner) for owner in own for name in _SETTING)


def _closers(kind: type) -> list[str]:
    return sorted(name for name in NAMES if any(name in namespace(owner) for owner in mro(kind)))


def _noting(original: FunctionType, name: str) -> FunctionType:
    """Return a function that does what the original does, and notes for whom."""

    async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
        _note(args, name)
        return await original(*args, **kwargs)

    def run(*args: Any, **kwargs: Any) -> Any:
        _note(args, name)
        return original(*args, **kwargs)

    code = original.__code__
    function: Any = functools.wraps(original)(run_coroutine if code.co_flags & _COROUTINE else run)
    # A coroutine is told by the names in its code.
    function.__code__ = function.__code__.replace(co_name=code.co_name, co_qualname=code.co_qualname)
    function.overstay_wrapped = True
    return function  # type: ignore[no-any-return]  # a function whose attributes are set


def _note(args: tuple[Any, ...], name: str) -> None:
    """Write a row about the running session into the journals, unless there is one already."""
    if not (args and _trouble.is_armed(_WHAT)):
        return
    try:
        known = next((each for owner in mro(type(args[0])) if (each := _known.get(id(owner)))), None)
        if known is not None and (row := (current.get(), known.number, name)) not in _noted:
            if len(_noted) >= _MOST_NOTED:
                _noted.clear()
            _noted.add(row)
            ledger.note("ran", *row)
    except Exception as error:
        _trouble.disarm(_WHAT, error)


def _told(each: _Class) -> dict[str, Any]:
    lineage = [_known[id(owner)] for owner in mro(each.kind) if id(owner) in _known]
    names = {name for owner in lineage for name in owner.since}
    return {
        "number": each.number,
        "file": each.file,
        "name": qualname_of(each.kind),
        "lineage": [owner.number for owner in lineage],
        "closers": _closers(each.kind),
        "watched": {name: since for name in names if (since := _watched_since(each.kind, name)) is not None},
    }


def _watched_since(kind: type, name: str) -> int | None:
    """Return from which session on the method is watched that objects of a class have; None where it is not."""
    definer = next((owner for owner in mro(kind) if name in namespace(owner)), None)
    known = _known.get(id(definer))
    return known.since.get(name) if known is not None else None
