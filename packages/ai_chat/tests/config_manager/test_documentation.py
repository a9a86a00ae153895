"""The page on the configuration names every setting, and what it shows can be read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_chat.config_manager import settings
from ai_chat.config_manager.layout import OTHER_PROTOCOLS, PROVIDERS
from ai_chat.config_manager.settings import Section, Settings

from .conftest import Folder

DOCS = Path(__file__).parents[4] / "docs" / "ai-chat"
PAGES = ("configuration.md", "configuration.zh-CN.md")
UNSAID = {"file"}  # not set, but named by its place


def keys() -> Iterator[str]:
    for model in vars(settings).values():
        if isinstance(model, type) and issubclass(model, Section) and model not in {Section, Settings}:
            yield from model.model_fields.keys() - UNSAID


@pytest.mark.parametrize("page", PAGES)
def test_every_key_is_on_the_page(page: str) -> None:
    """Those of the settings, and the models of a pool."""
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", (DOCS / page).read_text(encoding="utf-8")))))
    assert sorted({*keys(), *PROVIDERS, *OTHER_PROTOCOLS} - words) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_the_page_is_read_without_a_remark(folder: Folder, page: str) -> None:
    """There are three."""
    examples = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)
    assert len(examples) == 3
    for example in examples:
        folder.write(example)
        assert folder.load().warnings == ()


@pytest.mark.parametrize("page", PAGES)
def test_links_of_the_page_lead_somewhere(page: str) -> None:
    """To files of this repository."""
    links = re.findall(r"\]\(([^)#:]+)\)", (DOCS / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (DOCS / link).exists()] == []
