"""The walk over the heap: which object is reached from which, and what only one thing keeps.

Breadth first, with the parents kept, from one group of roots after the other: what an application's module reaches is
told from there, even where the event loop would be the shorter way. Types decide, never the objects.
"""

import gc
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from types import (
    BuiltinFunctionType,
    FrameType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from overstay_probe._types import mro, namespace

_ATOMS = frozenset(
    {
        *(int, str, float, bytes, bool, complex, type(None), type(...), type(NotImplemented), range, slice),
        *(BuiltinFunctionType, GetSetDescriptorType, MemberDescriptorType, MethodDescriptorType, WrapperDescriptorType),
    }
)
"""Types that lead nowhere."""
_ATOMS_AT = frozenset(map(id, _ATOMS))
"""Their addresses: a set of types would call the `__hash__` of a metaclass."""


class Graph:
    """What has been reached, and from where."""

    def __init__(self, stops: Iterable[int], most: int) -> None:
        self.parents: dict[int, Any] = dict.fromkeys(stops)
        self.most = most
        self.is_whole = True

    def reach(self, starts: Sequence[Any], leaves: Collection[int] = ()) -> None:
        """Reach everything that these refer to; `leaves` are reached and not entered."""
        parents, atoms, referents = self.parents, _ATOMS_AT, gc.get_referents
        for start in starts:
            parents.setdefault(id(start), None)
        queue: deque[Any] = deque(starts)
        push, pop = queue.append, queue.popleft
        callers: list[tuple[Any, Any]] = []  # for the last: a frame's own variables tell more than its caller's
        while queue or callers:
            if not queue:
                frame, caller = callers.pop()
                if id(caller) not in parents:
                    parents[id(caller)] = frame
                    push(caller)
                continue
            if len(parents) > self.most:
                self.is_whole = False
                return
            thing = pop()
            for referent in referents(thing):
                if id(type(referent)) in atoms:
                    continue
                key = id(referent)
                if key not in parents:
                    if type(referent) is FrameType and type(thing) is FrameType:
                        callers.append((thing, referent))
                        continue
                    parents[key] = thing
                    if key not in leaves:
                        push(referent)

    def path(self, thing: object) -> list[Any]:
        """Return the objects from a root down to `thing`; empty when it was not reached."""
        path = [thing]
        while (parent := self.parents.get(id(path[-1]))) is not None:
            path.append(parent)
        path.reverse()
        return path if len(path) > 1 else []


def kept_by(inside: Iterable[Any], outside: Collection[int]) -> dict[int, int]:
    """Return address and size of everything reached from `inside` that is not in `outside`, those themselves included.

    Sizes as `sys.getsizeof` gives them, without the application's own `__sizeof__`.
    """
    sizes: dict[int, int] = {}
    stack = list(inside)
    while stack:
        thing = stack.pop()
        if id(thing) in sizes or id(thing) in outside or type(thing) is type or type(thing) is ModuleType:
            continue
        sizes[id(thing)] = size_of(thing)
        stack.extend(gc.get_referents(thing))
    return sizes


def size_of(thing: object) -> int:
    """Return the bytes of one object, header of the collector included."""
    for owner in mro(type(thing)):
        method = namespace(owner).get("__sizeof__")
        if type(method) is MethodDescriptorType:
            return int(method(thing)) + (16 if gc.is_tracked(thing) else 0)
    return 0
