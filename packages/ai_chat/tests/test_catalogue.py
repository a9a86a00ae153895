"""What people read exists in both languages, for everything that is said."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import ai_chat
from ai_chat.catalogue import LANGUAGES, language_of, text

SOURCE = Path(ai_chat.__file__).parent


def messages(lang: str) -> dict[str, str]:
    return tomllib.loads((SOURCE / "messages" / f"{lang}.toml").read_text(encoding="utf-8"))


def placeholders(message: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", message))


def said() -> Iterator[tuple[str, str, set[str] | None]]:
    """Each code that the source says, where, and the values that it gives; None when they are not written there."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = getattr(node.func, "id", ""), node.args[0]
            code = first.value if isinstance(first, ast.Constant) else None
            if not isinstance(code, str) or not (name.endswith("Problem") or name == "text"):
                continue
            if name == "text" and not re.fullmatch("[a-z-]+", code):
                continue  # SQLAlchemy's text, which is a statement
            names = [keyword.arg for keyword in node.keywords]
            yield code, f"{path.name}:{node.lineno}", None if None in names else {str(one) for one in names}


def test_both_languages_have_the_same_messages() -> None:
    """Same codes, same values to fill in."""
    en, zh = (messages(lang) for lang in LANGUAGES)
    assert en.keys() == zh.keys()
    assert {code for code in en if placeholders(en[code]) != placeholders(zh[code])} == set()


def test_every_code_that_is_said_has_a_message() -> None:
    """Problems and other texts of the source; there are some."""
    codes = {code for code, *_ in said()}
    assert len(codes) > 40
    assert codes - messages("en").keys() == set()


def test_every_message_gets_its_values() -> None:
    """A message without them would fail when it is needed."""
    catalogue = messages("en")
    short = [
        (where, code, wanting)
        for code, where, given in said()
        if given is not None and (wanting := placeholders(catalogue.get(code, "")) - given)
    ]
    assert short == []


def test_every_message_is_said_somewhere() -> None:
    """By its code, anywhere in the source."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py")))
    assert [code for code in messages("en") if f'"{code}"' not in source] == []


def test_every_sentence_ends_and_is_in_its_language() -> None:
    """Chinese ones have Chinese letters and punctuation."""
    for code, sentence in messages("zh").items():
        assert re.search(r"[\u4e00-\u9fff]", sentence), code
        assert not sentence.endswith("."), code
    assert [code for code, sentence in messages("en").items() if re.search(r"[\u4e00-\u9fff]", sentence)] == []


def test_unknown_code_is_an_error() -> None:
    """It is found where it is said."""
    with pytest.raises(KeyError):
        text("no-such-code", "en")
    with pytest.raises(KeyError):
        text("too-long", "en")


@pytest.mark.parametrize(
    ("accept", "lang"),
    [
        ("zh-CN,zh;q=0.9", "zh"),
        ("zh_CN.UTF-8", "zh"),
        ("ZH", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.5, zh-Hans-CN;q=0.9", "zh"),
        ("fr-FR,fr;q=0.9,zh;q=0.4", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("*", "en"),
        ("", "en"),
        ("C.UTF-8", "en"),
        ("zh;q=1.2.3, en", "zh"),
        (";;q=,,=", "en"),
        ("," * 100_000 + "zh", "en"),
    ],
)
def test_language_is_that_which_is_wanted_most(accept: str, lang: str) -> None:
    """Of a browser's header and of a locale, however they are written."""
    assert language_of(accept) == lang
