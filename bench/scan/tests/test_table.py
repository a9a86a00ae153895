"""The table of tools: a tool that could not run is an error, and none that has found nothing."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from table import by_text, output


def test_a_tool_that_is_not_there_is_an_error() -> None:
    """Else its column would say that it finds nothing."""
    with pytest.raises(RuntimeError, match="no_such_linter"):
        output(sys.executable, "no_such_linter", "file.py")


def test_a_tool_that_fails_after_its_first_words_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has printed before is not all that it would find."""
    (tmp_path / "half_linter.py").write_text("print('app.py:1: found')\nraise ValueError\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="ValueError"):
        output(sys.executable, "half_linter")


def test_a_tool_that_ends_with_a_status_for_what_it_finds_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linters end with 1 where they find something."""
    (tmp_path / "whole_linter.py").write_text(
        "print('a/app.py:7:5: E1 found')\nraise SystemExit(1)\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert by_text(output(sys.executable, "whole_linter")) == {("app.py", 7)}
