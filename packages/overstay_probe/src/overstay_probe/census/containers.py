"""How many elements every container of the process has."""

import array
import gc
import io
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from overstay_probe._types import mro, namespace

FEWEST = 8
"""A container with fewer elements has not grown with the clients."""
FEWEST_BYTES = 64
_BATCH = 10_000
_ELEMENTS: dict[type, Callable[[Any], int]] = {
    dict: dict.__len__,
    list: list.__len__,
    set: set.__len__,
    deque: deque.__len__,
    array.array: array.array.__len__,
}
_EMPTY_STREAM: int = sys.getsizeof(io.BytesIO())
_BYTES: dict[type, Callable[[Any], int]] = {
    bytearray: bytearray.__len__,
    io.BytesIO: lambda stream: io.BytesIO.__sizeof__(stream) - _EMPTY_STREAM,
}
_measures: dict[type, tuple[Callable[[Any], int], int] | None] = {}


def measure(of: type) -> tuple[Callable[[Any], int], int] | None:
    """Return what tells the length of such a container and from which length on it counts; None for other types."""
    if of in _measures:
        return _measures[of]
    found = None
    for owner in mro(of):
        if owner in _ELEMENTS:
            found = (_ELEMENTS[owner], FEWEST)
        elif owner in _BYTES:
            found = (_BYTES[owner], FEWEST_BYTES)
        elif owner.__flags__ & (1 << 9) == 0 and type.__dict__["__name__"].__get__(owner) == "numpy.ndarray":
            found = (namespace(owner)["nbytes"].__get__, FEWEST_BYTES)
        if found:
            break
    _measures[of] = found
    return found


def lengths(ours: frozenset[int]) -> list[tuple[int, int]]:
    """Return the address and length of every container that is long enough, without those in `ours`.

    The collector does not track dictionaries of atoms, nor anything that holds bytes: they are found in what is
    tracked.
    """
    found: dict[int, int] = {}
    tracked = gc.get_objects()
    _measure(tracked, found, ours)
    for start in range(0, len(tracked), _BATCH):
        _measure(gc.get_referents(*tracked[start : start + _BATCH]), found, ours)
    return list(found.items())


def _measure(things: Iterable[object], found: dict[int, int], ours: frozenset[int]) -> None:
    known = _measures
    for thing in things:
        kind = type(thing)
        try:
            how = known[kind]
        except KeyError:
            how = measure(kind)
        if how is not None:
            length = how[0](thing)
            if length >= how[1] and id(thing) not in ours:
                found[id(thing)] = length
