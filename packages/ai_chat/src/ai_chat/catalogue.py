"""What people read, in English and Simplified Chinese."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")


@cache
def _messages(lang: str) -> dict[str, str]:
    text = files("ai_chat").joinpath("messages", f"{lang}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def text(code: str, lang: str, **values: object) -> str:
    """The message of a code. Raises KeyError for a code that has none."""
    return _messages(lang)[code].format(**values)


def language_of(accept: str) -> str:
    """The language that a browser's Accept-Language, or a locale such as zh_CN.UTF-8, asks for first."""
    first = re.match(r"\s*([A-Za-z]+)", accept)
    return "zh" if first is not None and first[1].lower() == "zh" else "en"
