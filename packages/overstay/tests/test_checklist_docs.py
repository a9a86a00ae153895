"""docs/checklist.md has a row for every item, quotes what is really said, and names the thresholds that hold."""

import re
from pathlib import Path

import pytest

from overstay.checks import cache, configuration_files, history, llm, log_files, network, process, reconnects, tree
from overstay.checks.checklist import ALSO, ITEMS
from overstay.checks.checkup import entry_points
from overstay.messages import LANGUAGES, Language, sentences
from overstay.scan.languages import every_rule

DOCS = Path(__file__).parents[3] / "docs"
PAGE: dict[Language, Path] = {"en": DOCS / "checklist.md", "zh": DOCS / "checklist.zh-CN.md"}
QUOTED: dict[Language, str] = {"en": r'"([^"]+)"', "zh": r"「([^」]+)」"}
USER_S_ITEMS = [
    *(f"suspect-{n}" for n in range(1, 8)),
    *(f"step-{n}" for n in range(1, 6)),
    *(f"check-{n}" for n in range(1, 4)),
    *(f"cause-{n}" for n in "abc"),
    *(f"fixed-{n}" for n in range(1, 5)),
]
"""Seven suspects, five steps, three checks, three other causes, four things that were fixed before."""


def rows(language: Language) -> dict[str, list[str]]:
    """Return the cells of every row, by its item."""
    lines = [line for line in PAGE[language].read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {cell[0].split("`")[1]: cell for cell in cells}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_of_the_checklist_has_a_row(language: Language) -> None:
    """In his order, with all five cells filled."""
    told = rows(language)
    assert list(told) == USER_S_ITEMS
    assert [item for item, cells in told.items() if len(cells) != 5 or not all(cells)] == []


def test_the_items_that_the_screen_shows_are_those_of_the_checklist() -> None:
    """Those that ask the same are shown with the one that answers them."""
    shown = [*ITEMS, *(also for alike in ALSO.values() for also in alike)]
    assert sorted(shown) == sorted(USER_S_ITEMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_rows_quote_is_what_is_said(language: Language) -> None:
    """A sentence that was changed in the catalogue is changed on the page, too."""
    spoken = list(sentences(language).values())
    quoted = [
        quote
        for cells in rows(language).values()
        for cell in cells[2:4]
        for quote in re.findall(QUOTED[language], cell)
    ]
    assert len(quoted) > 30
    assert [quote for quote in quoted if not any(quote in text for text in spoken)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_of_ours_is_named(language: Language) -> None:
    """A reader of the page knows which checks there are."""
    page = PAGE[language].read_text(encoding="utf-8")
    ours = [point.name for point in entry_points() if point.value.startswith("overstay.")]
    assert len(ours) == 8
    assert [name for name in ours if f"`{name}`" not in page] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_thresholds_on_the_page_are_those_of_the_code(language: Language) -> None:
    """Each figure stands in the row of the item that it decides about."""
    told = {item: cells[4] for item, cells in rows(language).items()}
    figures = {
        "suspect-4": [cache.FINE_FILES, f"{cache.SEVERE_FILES:,}", f"{cache.FINE_BYTES // 10**6} MB"],
        "suspect-5": [f"{history.LARGE // 10**9} GB", f"{history.MANY_ROWS:,}", f"{history.LARGE_WAL // 10**6} MB"],
        "suspect-7": [f"{reconnects.SLOW:g}"],
        "cause-a": [f"{llm.SLOW:g}", f"{llm.VERY_SLOW:g}"],
        "cause-b": [f"{process.BUSY:g} %", process.MANY_THREADS, process.MANY_WAITING, "1 GB"],
        "cause-c": [f"{network.SLOW:g}", f"{network.VERY_SLOW:g}", f"{network.UNSTEADY:g}"],
    }
    missing = [(item, figure) for item, known in figures.items() for figure in known if str(figure) not in told[item]]
    assert missing == []
    page = PAGE[language].read_text(encoding="utf-8")
    limits = [f"{tree.MEASURED:,}", f"{log_files.LAST // 10**6} MB", str(configuration_files.DEEPEST)]
    assert [limit for limit in limits if limit not in page] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_about_a_suspect_are_named_in_its_row(language: Language) -> None:
    """Whoever reads a row finds the page of each rule that answers it."""
    told = rows(language)
    missing = [
        rule.id
        for rule in every_rule().values()
        if rule.suspect is not None and f"(rules/{rule.id}.md)" not in told[f"suspect-{rule.suspect}"][1]
    ]
    assert missing == []
    assert "(rules/task-without-owner.md)" in told["step-5"][1]
