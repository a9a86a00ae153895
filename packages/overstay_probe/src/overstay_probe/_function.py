"""Replacing a builtin function wherever the program can reach it.

An audit hook would hear of the same calls. But it can never be taken out, it hears everything else that the process
does, and it makes every `sys._getframe` and `f_code`, the application's among them, several times as dear.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from types import BuiltinFunctionType
from typing import Any

from overstay_probe._types import names_in
from overstay_probe._wrap import put_in_place


class Replacement(staticmethod):  # type: ignore[type-arg]  # of functions with any arguments
    """A function in the place of a builtin one.

    A plain function would turn into a method where a class has it as an attribute. This is equal to the original and
    pickled as it, so that `os.open in os.supports_dir_fd` says what it said before.
    """

    def __init__(self, original: Callable[..., Any], function: Callable[..., Any]) -> None:
        super().__init__(function)
        self.original = original
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, name, getattr(original, name))

    def __eq__(self, other: object) -> bool:
        return self is other or self.original == other

    def __hash__(self) -> int:
        return hash(self.original)

    def __reduce__(self) -> Any:
        return self.original.__reduce__()


_replacements: dict[Any, Replacement] = {}
_searched: set[str] = set()


def replace(makers: Mapping[Any, Callable[[Any], Callable[..., Any]]]) -> None:
    """Replace each of these functions by `maker(original)` in all imported modules; `_wrap.unwrap_all` ends it.

    A module that is imported later finds the replacement where it looks for the original; one that is imported while
    the hooks rest is searched by `catch_up`.
    """
    replacements = {original: Replacement(original, make(original)) for original, make in makers.items()}
    catch_up()
    _search(list(sys.modules.values()), replacements)
    _replacements.update(replacements)


def catch_up() -> None:
    """Replace what modules that were imported since have of the originals."""
    new = {name: module for name, module in list(sys.modules.items()) if name not in _searched}
    _searched.update(new)
    _search(new.values(), _replacements)


def _search(modules: Iterable[Any], replacements: Mapping[Any, Replacement]) -> None:
    for module in modules:
        names = names_in(module)  # anything can be put into sys.modules, and a lazy module would be loaded by its own
        for name, value in list(names.items()) if names is not None else ():
            if type(value) is BuiltinFunctionType and value in replacements:
                put_in_place(module, name, replacements[value], rests=True)
