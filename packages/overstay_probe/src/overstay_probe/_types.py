"""What a type says of itself, without running a line of the application's.

A class may have a `__module__` that is no string, an instance a `__class__` that lies, and any attribute may be a
property. cffi's libraries stand in `sys.modules` and say that they are modules. A metaclass may define how its classes
are compared, hashed and read. So nothing here asks an object: it reads the namespaces of types, through `type`'s own
descriptors.
"""

from collections.abc import Iterator, Mapping
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")
_HEAP_TYPE = 1 << 9
_MISSING = object()
_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_flags = type.__dict__["__flags__"].__get__
_module_names = vars(ModuleType)["__dict__"].__get__


def is_a(thing: object, kind: type[T]) -> TypeGuard[T]:
    """Tell whether a thing's type is a kind or derived from it; `isinstance` would ask the thing's `__class__`, too."""
    return issubclass(type(thing), kind)


def mro(of: type) -> tuple[type, ...]:
    """Return a type's method resolution order."""
    order: tuple[type, ...] = _mro(of)
    return order


def namespace(of: type) -> Mapping[str, Any]:
    """Return what a type's own body defines."""
    names: Mapping[str, Any] = _namespace(of)
    return names


def is_heap_type(of: type) -> bool:
    """Tell whether a type was made at run time, as every class statement does."""
    return bool(_flags(of) & _HEAP_TYPE)


def module_of(of: type) -> str:
    """Return the name of the module that a type says it is from; empty when it says no string."""
    if not is_heap_type(of):  # the name has the module in it
        return "builtins"
    module = namespace(of).get("__module__")
    return module if type(module) is str else ""


def name_of(of: type) -> str:
    """Return a type's own name, without what it is nested in."""
    return qualname_of(of).rpartition(".")[2]


def qualname_of(of: type) -> str:
    """Return a type's name with what it is nested in."""
    return str(_qualname(of))


def qualified(of: type) -> str:
    """Return `module.QualName` of a type, without the module for builtins."""
    name, module = qualname_of(of), module_of(of)
    return name if module in ("", "builtins") else f"{module}.{name}"


def names_in(module: object) -> dict[str, Any] | None:
    """Return the namespace of a module, None of anything else that may stand in `sys.modules`."""
    names = _module_names(module) if is_a(module, ModuleType) else None
    return names if type(names) is dict else None


def attributes(of: object) -> dict[str, Any] | None:
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
            return found if is_a(found, dict) else None
    return None


def read(of: object, name: str) -> Any:
    """Return an attribute that an object keeps itself, in C, in a slot or in its dictionary; None where it does not.

    Makes the dictionary, as `attributes` does.
    """
    for owner in mro(type(of)):
        descriptor = namespace(owner).get(name, _MISSING)
        if type(descriptor) in (GetSetDescriptorType, MemberDescriptorType):
            try:
                return descriptor.__get__(of)
            except (AttributeError, TypeError):
                return None
        if descriptor is not _MISSING:
            break
    kept = attributes(of)
    return None if kept is None else dict.get(kept, name)


def slots(of: object) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of every slot of an object that is filled.

    `__dict__` and `__weakref__` are left out: in a class that mypyc has compiled they may point beyond the object.
    """
    for owner in mro(type(of)):
        for name, descriptor in namespace(owner).items():
            if type(descriptor) is MemberDescriptorType and not name.startswith("__"):
                try:
                    yield name, descriptor.__get__(of)
                except (AttributeError, TypeError):
                    continue
