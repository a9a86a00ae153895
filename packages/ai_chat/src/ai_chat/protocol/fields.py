"""Reading fields of a JSON object that a client sent."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from ai_chat.problems import ChatProblem

T = TypeVar("T", str, int, bool)
LARGEST_NUMBER = 2**53  # what JavaScript counts to; also keeps a number inside the database's


def read_object(frame: str | bytes) -> dict[str, Any]:
    """The JSON object in a text frame. Raises `ChatProblem`."""
    if isinstance(frame, bytes):
        raise ChatProblem("binary-unexpected")
    try:
        value = json.loads(frame)
    except (ValueError, RecursionError) as err:
        raise ChatProblem("not-json") from err
    if not isinstance(value, dict):
        raise ChatProblem("not-an-object")
    return value


def read_type(message: dict[str, Any]) -> str:
    """The message's type. Raises `ChatProblem`."""
    kind = message.get("type")
    if not isinstance(kind, str):
        raise ChatProblem("no-type")
    return _mend(kind)


def read(message: dict[str, Any], field: str, default: T, *, longest: int = 200) -> T:
    """The field, of the default's type; the default when it is missing or null. Raises `ChatProblem`."""
    value = message.get(field)
    if value is None:
        return default
    if type(value) is not type(default):
        raise ChatProblem("wrong-field", field=field)
    if isinstance(value, str):
        if len(value) > longest:
            raise ChatProblem("too-long", limit=longest)
        return _mend(value)
    if isinstance(value, int) and not 0 <= value <= LARGEST_NUMBER:
        raise ChatProblem("wrong-field", field=field)
    return value


def require(message: dict[str, Any], field: str, *, longest: int = 200) -> str:
    """The field, a text that is not empty. Raises `ChatProblem`."""
    value = read(message, field, "", longest=longest)
    if not value.strip():
        raise ChatProblem("wrong-field", field=field)
    return value


def _mend(text: str) -> str:
    """Half a character (a lone surrogate, as JSON can spell it) becomes U+FFFD, so that every text can be encoded."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
