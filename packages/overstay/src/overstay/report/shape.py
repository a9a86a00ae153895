"""Plain JSON values, given the shape of our dataclasses.

The dataclasses of `findings` are the schema, so they are the only place where it is written down: a field without a
default must be there, one with a default may be missing (a report of an older version), and an unknown one is passed
over (a report of a newer version).
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

T = TypeVar("T")


class ShapeError(Exception):
    """A value is missing or of another shape; `where` is its path, such as `findings[2].rate.left`."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def shaped(value: object, shape: type[T], where: str = "") -> T:
    """Return `value` as an instance of the dataclass `shape`; raises ShapeError."""
    if not isinstance(value, dict):
        raise ShapeError(where or "report")
    hints = typing.get_type_hints(shape)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(shape):  # type: ignore[arg-type]  # T is one of our dataclasses
        inside = f"{where}.{field.name}" if where else field.name
        if field.name in value:
            fields[field.name] = _shaped(value[field.name], hints[field.name], inside)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ShapeError(inside)
    return shape(**fields)


def _shaped(value: object, hint: Any, where: str) -> object:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return shaped(value, typing.cast("type[object]", hint), where)
    if origin is types.UnionType:
        return None if value is None else _shaped(value, inner[0], where)
    if origin is tuple:
        return _sequence(value, inner[0], where)
    if origin is Mapping:
        return _mapping(value, inner[1], where)
    if not _fits(value, hint, origin, inner):
        raise ShapeError(where)
    return float(value) if hint is float else value  # type: ignore[arg-type]  # _fits saw that it is a number


def _sequence(value: object, hint: Any, where: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise ShapeError(where)
    return tuple(_shaped(item, hint, f"{where}[{n}]") for n, item in enumerate(value))


def _mapping(value: object, hint: Any, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ShapeError(where)
    return {name: _shaped(item, hint, f"{where}.{name}") for name, item in value.items()}


def _fits(value: object, hint: Any, origin: Any, inner: tuple[object, ...]) -> bool:
    if hint is object:
        return True
    if origin is Literal:
        return value in inner
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    # bool is a subclass of int, and no count is a truth.
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
