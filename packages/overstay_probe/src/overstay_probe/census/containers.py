"""How many elements every container of the process has."""

import array
import gc
import io
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from overstay_probe._types import is_heap_type, mro, name_of, namespace

FEWEST = 8
"""A container with fewer elements has not grown with the clients."""
FEWEST_BYTES = 64
_BATCH = 10_000
_module = type.__dict__["__module__"].__get__  # of a type written in C: of any other it would read the namespace
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
Measure = tuple[Callable[[Any], int], int]
"""What tells the length of a container, and from which length on it counts."""
_of_base: dict[int, Measure] = {
    **{id(kind): (measure, FEWEST) for kind, measure in _ELEMENTS.items()},
    **{id(kind): (measure, FEWEST_BYTES) for kind, measure in _BYTES.items()},
}
_FIXED: dict[int, Measure] = {
    id(tuple): (tuple.__len__, FEWEST),
    id(frozenset): (frozenset.__len__, FEWEST),
    id(bytes): (bytes.__len__, FEWEST_BYTES),
    id(str): (str.__len__, FEWEST_BYTES),
}
_known: dict[int, tuple[type, Measure | None]] = {}
"""By the address of the type, which is kept with it; a dictionary of types would call the `__hash__` of a metaclass."""


def measure(of: type) -> Measure | None:
    """Return how a container of this type is measured; None for other types."""
    known = _known.get(id(of))
    if known is None:
        how = next((how for owner in mro(of) if (how := _of_base.get(id(owner)) or _numpy(owner))), None)
        known = _known[id(of)] = (of, how)
    return known[1]


def _numpy(owner: type) -> Measure | None:
    """Return how an array of numpy's is measured: in bytes."""
    if is_heap_type(owner) or _module(owner) != "numpy" or name_of(owner) != "ndarray":
        return None
    return namespace(owner)["nbytes"].__get__, FEWEST_BYTES


def measure_anew(of: type) -> Measure | None:
    """Return how a thing is measured that may be made anew and longer: a container, or one whose length is fixed."""
    return measure(of) or _FIXED.get(id(of))


def forget() -> None:
    """Let go of the types that were met: a look must not keep an application's class."""
    _known.clear()


def lengths(tracked: Sequence[Any], ours: frozenset[int]) -> list[tuple[int, int]]:
    """Return the address and length of every container that is long enough, without those in `ours`.

    The collector does not track dictionaries of atoms, nor anything that holds bytes: they are found in what is
    tracked.
    """
    found: dict[int, int] = {}
    _measure(tracked, found, ours)
    for start in range(0, len(tracked), _BATCH):
        _measure(gc.get_referents(*tracked[start : start + _BATCH]), found, ours)
    return list(found.items())


def _measure(things: Iterable[object], found: dict[int, int], ours: frozenset[int]) -> None:
    known = _known
    for thing in things:
        kind = type(thing)
        found_before = known.get(id(kind))
        how = measure(kind) if found_before is None else found_before[1]
        if how is not None:
            length = how[0](thing)
            if length >= how[1] and id(thing) not in ours:
                found[id(thing)] = length
