"""What long-lived things refer to, by the place: for what is made anew and longer each time.

`self.memory = self.memory + [turn]` leaves no container that grows; each is a new one, as long as it is. So it is
followed by the variable or the attribute that refers to it. To keep that small, only places are told of which there are
few: variables of modules, attributes of classes and of instances whose class has few of them, closure variables, and
the entries of short dictionaries in any of these; none of the standard library's own.
"""

import gc
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from types import CellType
from typing import Any

from overstay_probe._site import LIBRARY, rank_of
from overstay_probe._types import attributes, is_a, is_heap_type, module_of, names_in, namespace, read, slots
from overstay_probe.census import roots
from overstay_probe.census.containers import measure_anew

_MOST_INSTANCES = 64
_MOST_ENTRIES = 64

Place = tuple[Any, str, Any]
"""What has the variable or attribute, its name, and the value."""


def lengths(tracked: Sequence[Any], *, is_copy: bool) -> list[tuple[str, int, int]]:
    """Return the key of every place, the length of its value, and the value's address.

    Only in a copy of the process are the attributes of instances read, because CPython keeps what reading them makes.
    """
    found: dict[str, tuple[str, int, int]] = {}
    for place in _with_entries(_places(tracked, is_copy=is_copy)):
        holder, name, value = place
        how = measure_anew(type(value))
        if how is not None and (length := how[0](value)) >= how[1]:
            key = f"{id(holder)} {name}"
            found[key] = (key, length, id(value))
    return list(found.values())


def _places(tracked: Sequence[Any], *, is_copy: bool) -> Iterator[Place]:
    for name, names in roots.module_namespaces().items():
        if rank_of(names) >= LIBRARY and not roots.is_ours(name):
            yield from _named(names, names)
    kinds = {id(kind): kind for kind in map(type, tracked)}
    metaclasses = {key for key, kind in kinds.items() if issubclass(kind, type)}
    counts = Counter(map(id, map(type, tracked)))
    few = {key for key, kind in kinds.items() if is_copy and counts[key] <= _MOST_INSTANCES and _is_followed(kind)}
    for thing in tracked:
        kind = id(type(thing))
        if kind in metaclasses:
            if _is_followed(thing):
                yield from _named(thing, namespace(thing))
        elif kind == id(CellType):
            yield from ((thing, "", value) for value in gc.get_referents(thing))
        elif kind in few:
            yield from _named(thing, attributes(thing) or {})
            yield from ((thing, name, value) for name, value in slots(thing))


def _is_followed(kind: type) -> bool:
    return is_heap_type(kind) and rank_of(names_in(sys.modules.get(module_of(kind))) or {}) >= LIBRARY


def _named(holder: Any, names: Any) -> Iterator[Place]:
    for name, value in list(names.items()):
        if type(name) is str and not name.startswith("__"):
            yield holder, name, value


def _with_entries(places: Iterator[Place]) -> Iterator[Place]:
    for place in places:
        yield place
        inner = place[2]
        if type(inner) is dict and len(inner) <= _MOST_ENTRIES:
            yield from _named(inner, inner)


def value_at(holder: Any, name: str) -> Any:
    """Return what a place refers to now; None when it refers to nothing any more."""
    if type(holder) is CellType:
        return next(iter(gc.get_referents(holder)), None)
    if is_a(holder, dict):
        return dict.get(holder, name)
    return namespace(holder).get(name) if is_a(holder, type) else read(holder, name)


def way_to(holder: Any, value: Any) -> list[Any]:
    """Return the objects below `holder` down to the value, as the collector sees them."""
    namespaces = [each for each in gc.get_referents(holder) if type(each) is dict] if is_a(holder, type) else []
    return [*namespaces[:1], value]
