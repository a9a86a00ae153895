"""A folder with a configuration, and how it is read."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ai_chat.catalogue import LANGUAGES, text
from ai_chat.config_manager.loader import Loaded, load
from ai_chat.config_manager.problems import ConfigProblem


class Folder:
    """A folder that the tests write a configuration into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, source: str, name: str = "conf.yaml") -> Path:
        """Write a file, and the folders above it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return path

    def load(self, environment: Mapping[str, str] | None = None) -> Loaded:
        """What conf.yaml and the files beside it say."""
        return load(self.path / "conf.yaml", environment or {})

    def problem(self, environment: Mapping[str, str] | None = None) -> ConfigProblem:
        """What is wrong with them; its sentence exists in both languages and is one line."""
        with pytest.raises(ConfigProblem) as raised:
            self.load(environment)
        for lang in LANGUAGES:
            assert "\n" not in text(raised.value.code, lang, **raised.value.values)
        return raised.value


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty one."""
    return Folder(tmp_path)
