"""A project in a folder of its own, and what a check says about it."""

import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from overstay.checks.check import Check, Project, Result
from overstay.messages import LANGUAGES, Speaker

Make = Callable[..., Project]


@pytest.fixture(autouse=True)
def own_caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is remembered between runs out of the user's folders."""
    folder = str(tmp_path_factory.mktemp("caches"))
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, folder)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a maker of projects: names of files with their text or bytes."""
    root = tmp_path / "project"
    root.mkdir()

    def made(files: Mapping[str, str | bytes] | None = None, **options: object) -> Project:
        for name, content in (files or {}).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        # Twenty seconds, where the command has four: the machine may be busy.
        return Project(root, **{"deadline": time.monotonic() + 20, **options})  # type: ignore[arg-type]

    return made


class Said(list[Result]):
    """What a check says."""

    def about(self, item: str) -> Result:
        """Return the only result of an item."""
        [found] = [each for each in self if each.item == item]
        return found


@pytest.fixture
def said() -> Callable[[Check, Project], Said]:
    """Return what asks a check, in both languages; Chinese must say as much, and the same statuses."""

    def ask(check: Check, project: Project) -> Said:
        english, chinese = (Said(check.look(project, Speaker(language))) for language in LANGUAGES)
        # What is measured anew may be another status a second later.
        keys = ("item", "about", "status") if getattr(check, "needs_folder", True) else ("item", "about")
        assert [[getattr(each, key) for key in keys] for each in english] == [
            [getattr(each, key) for key in keys] for each in chinese
        ]
        return english

    return ask
