"""What a type says of itself, without running a line of the application's.

A class may have a `__module__` that is no string, an instance a `__class__` that lies, and any attribute may be a
property. So nothing here asks an object: it reads the namespaces of types, through `type`'s own descriptors.
"""

from collections.abc import Iterator, Mapping
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_qualname = type.__dict__["__qualname__"].__get__


def mro(of: type) -> tuple[type, ...]:
    """Return a type's method resolution order."""
    order: tuple[type, ...] = _mro(of)
    return order


def namespace(of: type) -> Mapping[str, Any]:
    """Return what a type's own body defines."""
    names: Mapping[str, Any] = _namespace(of)
    return names


def module_of(of: type) -> str:
    """Return the name of the module that a type says it is from; empty when it says no string."""
    if not of.__flags__ & (1 << 9):  # no heap type: the name has the module in it
        return "builtins"
    module = namespace(of).get("__module__")
    return module if type(module) is str else ""


def qualified(of: type) -> str:
    """Return `module.QualName` of a type, without the module for builtins."""
    name, module = str(_qualname(of)), module_of(of)
    return name if module in ("", "builtins") else f"{module}.{name}"


def attributes(of: object) -> Mapping[str, Any] | None:
    """Return the instance dictionary of an object, None where it has none.

    CPython makes the dictionary when it is asked for and keeps it, so this is for a process that ends soon.
    """
    for owner in mro(type(of)):
        descriptor = namespace(owner).get("__dict__")
        if type(descriptor) is GetSetDescriptorType:
            try:
                found = descriptor.__get__(of)
            except (AttributeError, TypeError):
                return None
            return found if isinstance(found, dict) else None
    return None


def slots(of: object) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of every slot of an object that is filled."""
    for owner in mro(type(of)):
        for name, descriptor in namespace(owner).items():
            if type(descriptor) is MemberDescriptorType:
                try:
                    yield name, descriptor.__get__(of)
                except (AttributeError, TypeError):
                    continue
