"""Putting a function in the place of another, and taking it out again: for good, or for a rest."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

_MISSING = object()


class _Replaced(NamedTuple):
    owner: Any
    name: str
    before: Any
    replacement: Any
    rests: bool


_replaced: list[_Replaced] = []
_is_resting = False


def wrap(owner: Any, name: str, make: Callable[[Any], Callable[..., Any]], *, rests: bool = False) -> None:
    """Replace `owner.name` by `make(original)`; `unwrap_all` restores it. An owner already wrapped is left alone.

    Where the class that defines the method cannot be changed (uvloop's is written in C), its Python subclass gets it.
    What `rests` is taken out by `rest` too: a hook that a server can do without for a while.
    """
    original = getattr(owner, name)
    if getattr(original, "overstay_wrapped", False) or any(owner is at and name == it for at, it, *_ in _replaced):
        return
    replacement = make(original)
    replacement.overstay_wrapped = True  # type: ignore[attr-defined]  # our own mark on our own function
    put_in_place(owner, name, replacement, rests=rests)


def put_in_place(owner: Any, name: str, replacement: Any, *, rests: bool = False) -> None:
    """Set `owner.name`; `unwrap_all` restores what was there."""
    replaced = _Replaced(owner, name, vars(owner).get(name, _MISSING), replacement, rests)
    _replaced.append(replaced)
    if not (rests and _is_resting):
        setattr(owner, name, replacement)


def take_out(owners: Iterable[object]) -> None:
    """Restore what these owners had before us; what somebody has replaced in his turn since then stays."""
    wanted = set(map(id, owners))
    for replaced in [each for each in _replaced if id(each.owner) in wanted]:
        if _is(replaced, replaced.replacement):
            _restore(replaced)
    _replaced[:] = [each for each in _replaced if id(each.owner) not in wanted]


def unwrap_all() -> None:
    """Put every original back, last first."""
    watch()
    while _replaced:
        _restore(_replaced.pop())


def rest() -> None:
    """Take out what may rest, until `watch`. What somebody has replaced in his turn since then stays."""
    global _is_resting  # noqa: PLW0603 - one state beside the list that it is about
    _is_resting = True
    for replaced in reversed(_replaced):
        if replaced.rests and _is(replaced, replaced.replacement):
            _restore(replaced)


def watch() -> None:
    """Put back what rested."""
    global _is_resting  # noqa: PLW0603 - as above
    _is_resting = False
    for replaced in _replaced:
        if replaced.rests and _is(replaced, replaced.before):
            setattr(replaced.owner, replaced.name, replaced.replacement)


def is_resting() -> bool:
    """Tell whether what may rest is out."""
    return _is_resting


def _is(replaced: _Replaced, value: Any) -> bool:
    return vars(replaced.owner).get(replaced.name, _MISSING) is value


def _restore(replaced: _Replaced) -> None:
    if replaced.before is _MISSING:
        delattr(replaced.owner, replaced.name)
    else:
        setattr(replaced.owner, replaced.name, replaced.before)


def definer(owner: type, name: str) -> type:
    """Return the class in whose place a method of `owner` can be replaced: its definer, else `owner` itself."""
    for candidate in owner.__mro__:
        if name in vars(candidate):
            heap_type = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement, so its attributes can be set
            return candidate if candidate.__flags__ & heap_type else owner
    return owner
