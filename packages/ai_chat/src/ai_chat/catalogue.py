"""What people read, in English and Simplified Chinese."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

LANGUAGES: tuple[Literal["en", "zh"], ...] = ("en", "zh")
LONGEST_HEADER = 1_000  # characters of Accept-Language that are looked at
WISH = re.compile(r"\s*([A-Za-z]+)[-_.\w]*\s*(?:;\s*q\s*=\s*(\d(?:\.\d*)?))?")


@cache
def _messages(lang: str) -> dict[str, str]:
    text = files("ai_chat").joinpath("messages", f"{lang}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def text(code: str, lang: str, **values: object) -> str:
    """The message of a code. Raises KeyError for a code that has none, and for a value that is missing."""
    return _messages(lang)[code].format(**values)


def language_of(accept: str) -> Literal["en", "zh"]:
    """The language of ours that a browser's Accept-Language, or a locale such as zh_CN.UTF-8, wants most."""
    wishes = [found for part in accept[:LONGEST_HEADER].split(",") if (found := WISH.match(part))]
    wishes.sort(key=lambda found: -float(found[2] or 1))  # stable: what is named first wins among equals
    wanted = [found[1].lower() for found in wishes if float(found[2] or 1) > 0]
    return next((ours for name in wanted for ours in LANGUAGES if name == ours), "en")
