"""The catalogue is whole: both languages, every slug that the source says, every problem on the messages page."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import overstay
from overstay.errors import OverstayError
from overstay.messages import LANGUAGES, Language, Speaker, language_of_locale, sentences

SOURCE = Path(overstay.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "messages.md"
PROBLEM_SECTIONS = ("usage", "target", "run", "visit", "report", "compare")
SLUG = re.compile(r"[a-z]+(-[a-z]+)*(\.[a-z0-9_]+([-_][a-z0-9]+)*)+")
SPEAKERS = {"say", "_say"}
PROGRESS = {"progress", "_progress"}
"""Say a slug of their section, and add the fields `done` and `total` themselves."""
ERRORS = {"OverstayError", *(each.__name__ for each in OverstayError.__subclasses__())}


def fields(sentence: str) -> set[str]:
    """Return the names of a sentence's fields."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call that says or raises a sentence, with its file."""
    for path, node in nodes():
        if isinstance(node, ast.Call) and node.args and name_of(node.func) in SPEAKERS | PROGRESS | ERRORS:
            yield path, node


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Yield every node of the source, with its file."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(SOURCE)), node


def spoken() -> Iterator[tuple[str, str]]:
    """Yield every slug that the source has, as a pattern, with the place."""
    for path, call in calls():
        for pattern in patterns(call):
            yield pattern, f"{path}:{call.lineno}"
    for path, node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_slug(node.value):
            yield re.escape(node.value), f"{path}:{node.lineno}"


def name_of(function: ast.expr) -> str:
    """Return the last name of what is called."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def patterns(call: ast.Call) -> Iterator[str]:
    """Yield a regular expression for each slug that a call can say; nothing for a plain variable."""
    section = "progress\\." if name_of(call.func) in PROGRESS else ""
    for argument in branches(call.args[0]):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield section + re.escape(argument.value)
        elif isinstance(argument, ast.JoinedStr):
            parts = argument.values
            yield section + "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z0-9_-]+" for part in parts
            )


def branches(argument: ast.expr) -> list[ast.expr]:
    """Return the values that an expression can have."""
    if isinstance(argument, ast.IfExp):
        return [*branches(argument.body), *branches(argument.orelse)]
    return [argument]


def is_slug(text: str) -> bool:
    """Tell whether a literal elsewhere in the source is a slug, no file name: its first word is a section of problems."""
    return text.partition(".")[0] in PROBLEM_SECTIONS and SLUG.fullmatch(text) is not None and not text.endswith(".py")


def test_both_languages_have_the_same_slugs() -> None:
    """No sentence is missing in either language."""
    assert set(sentences("en")) == set(sentences("zh"))


def test_both_languages_fill_in_the_same_fields() -> None:
    """No figure or name is lost in translation."""
    english, chinese = sentences("en"), sentences("zh")
    differing = [slug for slug, text in english.items() if fields(text) != fields(chinese[slug])]
    assert differing == []


def test_every_sentence_gets_all_its_fields() -> None:
    """Whoever says or raises a sentence gives every figure that it quotes."""
    known, short = sentences("en"), []
    for path, call in calls():
        given = {keyword.arg for keyword in call.keywords}
        if None in given:  # **values: only a run can tell
            continue
        for pattern in patterns(call):
            own = {"done", "total"} if name_of(call.func) in PROGRESS else set()
            wanted = {field for slug in known if re.fullmatch(pattern, slug) for field in fields(known[slug])}
            if "[" not in pattern and not wanted <= given | own:
                short.append(f"{path}:{call.lineno} says {pattern} without {wanted - own}")
    assert short == []


def test_every_slug_that_the_source_says_exists() -> None:
    """Nobody meets a KeyError in place of a sentence."""
    known = sentences("en")
    missing = [
        f"{where} says {pattern}"
        for pattern, where in spoken()
        if not any(re.fullmatch(pattern, slug) for slug in known)
    ]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_shouts_or_is_empty(language: Language) -> None:
    """No exclamation marks, no trailing spaces; only separators may be blank."""
    for slug, text in sentences(language).items():
        assert "!" not in text.replace("!=", ""), slug
        assert "！" not in text, slug
        assert slug.startswith("list.") or text == text.strip() != "", slug


def test_every_problem_has_an_entry_on_the_messages_page() -> None:
    """Each error and warning is explained in docs/messages.md, and nothing else is."""
    page = PAGE.read_text(encoding="utf-8")
    explained = set(re.findall(r"^### `([^`]+)`$", page, re.MULTILINE))
    assert explained == {slug for slug in sentences("en") if slug.partition(".")[0] in PROBLEM_SECTIONS}


def test_the_messages_page_quotes_the_sentences() -> None:
    """A sentence that was changed is changed on the page, too."""
    page = PAGE.read_text(encoding="utf-8")
    quotes = dict(re.findall(r"^### `([^`]+)`\n\n((?:> .*\n)+)", page, re.MULTILINE))
    told = {slug: " ".join(line[2:] for line in quote.splitlines()) for slug, quote in quotes.items()}
    for slug, text in told.items():
        assert text == " ".join(sentences("en")[slug].split()), slug


@pytest.mark.parametrize(("count", "words"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), (2.5, "2.5 tasks")])
def test_a_number_chooses_its_word(count: float, words: str) -> None:
    """English says "1 task" and "2 tasks"."""
    text = Speaker("en")("finding.task-outlives-session.title", who="it", count=count)
    assert text == f"it leaves {words}"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    """The first of LC_ALL, LC_MESSAGES and LANG that is set decides."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of_locale() == language
