"""Each rule finds exactly the marked lines of its snippets, and has its page and its sentences."""

import re
from pathlib import Path

import pytest

from overstay.messages import LANGUAGES, Speaker, sentences
from overstay.scan import scan
from overstay.scan.rules import RULES

SNIPPETS = Path(__file__).parent / "snippets"
PAGES = Path(__file__).parents[4] / "docs" / "rules"
IDS = [rule.id for rule in RULES]
HEADINGS = ["What it flags", "Why it hurts", "Bad", "Good", "The fix", "Limits"]


def files_of(rule: str) -> list[Path]:
    """Return the snippets of a rule: one file, or the files of a folder that make one project."""
    folder = SNIPPETS / rule
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [SNIPPETS / f"{rule}.py"]


def matched(rule: str, root: Path, files: list[Path]) -> set[tuple[str, int]]:
    result = scan(root, say=Speaker("en"), paths=files)
    assert result.skipped == ()
    found = [each for each in (*result.findings, *result.hints) if each.rule == rule]
    return {(Path(each.site.file).name, each.site.line) for each in found if each.site is not None}


def marked(files: list[Path]) -> set[tuple[str, int]]:
    return {
        (path.name, number)
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("# bad")
    }


@pytest.mark.parametrize("rule", IDS)
def test_rule_matches_exactly_the_marked_lines(rule: str) -> None:
    """Every bad line is found and no good one is."""
    files = files_of(rule)
    root = files[0].parent
    assert matched(rule, root, files) == marked(files)


@pytest.mark.parametrize("rule", IDS)
def test_rule_has_six_bad_and_six_good_snippets(rule: str) -> None:
    """A rule is shown from several sides."""
    files = files_of(rule)
    good = sum(
        len(re.findall(r"^(?:async )?(?:def|class) good", text, re.M | re.I)) for text in map(Path.read_text, files)
    )
    assert len(marked(files)) >= 6
    assert good >= 6


@pytest.mark.parametrize("rule", IDS)
def test_rule_has_its_page(rule: str) -> None:
    """Each page answers the same six questions."""
    page = (PAGES / f"{rule}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# `{rule}`\n")
    assert re.findall(r"^## (.+)$", page, re.M) == HEADINGS


@pytest.mark.parametrize("rule", IDS)
def test_examples_of_the_page_are_bad_and_good(rule: str, tmp_path: Path) -> None:
    """What the page calls bad is found, what it calls good is not."""
    page = (PAGES / f"{rule}.md").read_text(encoding="utf-8")
    for heading, expected in (("Bad", True), ("Good", False)):
        [code] = re.findall(rf"^## {heading}\n.*?^```python\n(.*?)^```", page, re.M | re.S)
        folder = tmp_path / heading
        folder.mkdir()
        (folder / "app.py").write_text(code, encoding="utf-8")
        assert bool(matched(rule, folder, [folder / "app.py"])) is expected, heading


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_its_sentences_and_no_other_has(language: str) -> None:
    """Title, why and fix are there for each rule."""
    for part in ("title", "why", "fix"):
        assert [rule for rule in IDS if f"rule.{rule}.{part}" not in sentences(language)] == []


def test_ids_are_unique_and_kebab_case() -> None:
    """An id is what a reader types into an ignore."""
    assert len(set(IDS)) == len(IDS)
    assert [rule for rule in IDS if not re.fullmatch(r"[a-z]+(-[a-z]+)*", rule)] == []
