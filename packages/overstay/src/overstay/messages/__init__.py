"""Every sentence a person reads, in English and Simplified Chinese.

The catalogue is a folder a language, `en` and `zh`, with a file a part of the tool: the same slugs, the same fields. A
field may choose a word by its number: `{count:task|tasks}` gives "1 task" and "2 tasks". Chinese needs no such choice
and writes `{count}`.
"""

import locale
import os
import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class _Sentence(string.Formatter):
    """A formatter in which `{n:one|many}` writes the number and the word that fits it."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        one, many = format_spec.split("|")
        return f"{value} {one if value == 1 else many}"


def language_of_locale() -> Language:
    """Return the language that the environment asks for: Chinese for any zh locale, else English."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


@cache
def sentences(language: Language) -> Mapping[str, str]:
    """Return the catalogue of one language, slug to sentence, sections joined by dots."""
    parts = [part for part in (resources.files(__name__) / language).iterdir() if part.name.endswith(".toml")]
    return dict(pair for part in parts for pair in _flatten("", tomllib.loads(part.read_text(encoding="utf-8"))))


def _flatten(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in table.items():
        slug = f"{prefix}{key}"
        flat += _flatten(f"{slug}.", value) if isinstance(value, dict) else [(slug, value)]
    return flat


class Speaker:
    """Says the catalogue's sentences in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, slug: str, /, **values: object) -> str:
        """Return the sentence of `slug` with its fields filled in; raises KeyError for an unknown slug or field."""
        return _Sentence().vformat(sentences(self.language)[slug], (), values)

    def knows(self, slug: str) -> bool:
        """Tell whether the catalogue has this slug."""
        return slug in sentences(self.language)
