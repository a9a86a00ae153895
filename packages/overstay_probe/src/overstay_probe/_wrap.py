"""Putting a function in the place of another, and taking it out again."""

from collections.abc import Callable
from typing import Any

_MISSING = object()
_replaced: list[tuple[Any, str, Any]] = []


def wrap(owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
    """Replace `owner.name` by `make(original)`; `unwrap_all` restores it. An owner already wrapped is left alone.

    Where the class that defines the method cannot be changed (uvloop's is written in C), its Python subclass gets it.
    """
    original = getattr(owner, name)
    if getattr(original, "overstay_wrapped", False):
        return
    replacement = make(original)
    replacement.overstay_wrapped = True  # type: ignore[attr-defined]  # our own mark on our own function
    put_in_place(owner, name, replacement)


def put_in_place(owner: Any, name: str, replacement: Any) -> None:
    """Set `owner.name`; `unwrap_all` restores what was there."""
    _replaced.append((owner, name, vars(owner).get(name, _MISSING)))
    setattr(owner, name, replacement)


def unwrap_all() -> None:
    """Put every original back, last first."""
    while _replaced:
        owner, name, before = _replaced.pop()
        if before is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def definer(owner: type, name: str) -> type:
    """Return the class in whose place a method of `owner` can be replaced: its definer, else `owner` itself."""
    for candidate in owner.__mro__:
        if name in vars(candidate):
            heap_type = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement, so its attributes can be set
            return candidate if candidate.__flags__ & heap_type else owner
    return owner
