"""Cache folders: the checklist's thresholds, the lines that write, and growth from run to run."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from overstay.checks import last_run
from overstay.checks.cache import CacheCheck, judged
from overstay.checks.check import Project
from overstay.checks.tree import Folder

Make = Callable[..., Project]
Ask = Callable[..., Any]

ENGINE = """\
    import uuid
    from pathlib import Path

    class Engine:
        def __init__(self):
            self.folder = Path("cache")

        def generate(self, sound):
            path = self.folder / f"{uuid.uuid4()}.wav"
            path.write_bytes(sound)
            return path
"""


@pytest.mark.parametrize(
    ("files", "size", "status"),
    [
        (0, 0, "fine"),
        (99, 499_999_999, "fine"),
        (100, 0, "warning"),
        (99, 500_000_000, "warning"),
        (1_000, 5_000_000_000, "warning"),
        (1_001, 0, "severe"),
        (1, 5_000_000_001, "severe"),
    ],
)
def test_thresholds_are_those_of_the_checklist(files: int, size: int, status: str) -> None:
    """Under 100 files and 500 MB fine, over 1,000 files or 5 GB severe, between them a warning."""
    assert judged(Folder("cache", files, size)) == status


def test_many_files_are_severe_and_the_line_that_writes_them_is_named(make: Make, said: Ask) -> None:
    """With the statement, so that the user finds it."""
    project = make({f"cache/{number}.wav": b"xx" for number in range(1_001)} | {"engine.py": ENGINE})
    result = said(CacheCheck(), project).about("suspect-4")
    assert result.status == "severe"
    assert result.title == "cache/ has 1001 files, 2 kB: files are not deleted"
    assert str(result.site) == "engine.py:10"
    assert result.site.code == "path.write_bytes(sound)"
    assert result.fix is not None
    assert "`finally`" in result.fix.summary


def test_the_line_is_found_where_the_folder_is_handed_to_another_class(make: Make, said: Ask) -> None:
    """The name stands in one file, the writing in another."""
    files = {f"data/cache/{number}.wav": b"x" for number in range(100)}
    files["context.py"] = b"def make(data):\n    return Manager(data / 'cache')\n"
    files["manager.py"] = b"class Manager:\n    def speak(self, path):\n        return open(path, 'wb')\n"
    result = said(CacheCheck(), make(files)).about("suspect-4")
    assert (result.status, str(result.site)) == ("warning", "manager.py:3")


def test_code_that_deletes_on_some_paths_is_told_to_do_so_in_a_finally(make: Make, said: Ask) -> None:
    """The fix names the line that is there already."""
    remover = ENGINE + "\n        def remove(self, path):\n            path.unlink()\n"
    project = make({f"cache/{number}.wav": b"x" for number in range(100)} | {"engine.py": remover})
    result = said(CacheCheck(), project).about("suspect-4")
    assert result.fix is not None
    assert result.fix.summary.startswith("engine.py:14 deletes, but not on every path")


def test_few_files_are_fine(make: Make, said: Ask) -> None:
    """The clean twin: one file less than a hundred."""
    project = make({f"cache/{number}.wav": b"x" for number in range(99)} | {"engine.py": ENGINE})
    result = said(CacheCheck(), project).about("suspect-4")
    assert (result.status, result.fix, result.site) == ("fine", None, None)
    assert result.title == "cache/ has 99 files, 99 bytes"


def test_a_project_without_a_cache_is_not_affected(make: Make, said: Ask) -> None:
    """Nothing is there and nothing writes there."""
    assert said(CacheCheck(), make({"app.py": "print()"})).about("suspect-4").status == "does-not-apply"


def test_a_cache_that_is_still_to_be_made_names_its_writers(make: Make, said: Ask) -> None:
    """Before the first run of the server there is only the code."""
    result = said(CacheCheck(), make({"engine.py": ENGINE})).about("suspect-4")
    assert result.status == "fine"
    assert result.evidence == ("written at engine.py:10: path.write_bytes(sound)",)


def test_a_package_that_is_called_cache_is_no_cache(make: Make, said: Ask) -> None:
    """Code is not written by the server."""
    project = make({f"src/cache/module_{number}.py": "" for number in range(120)})
    assert said(CacheCheck(), project).about("suspect-4").status == "does-not-apply"


def test_growth_since_the_last_run_is_said(make: Make, said: Ask) -> None:
    """The first run says nothing about it; the second one counts the difference."""
    first = make({"cache/a.wav": b"x" * 100})
    assert not any("since the last run" in line for line in said(CacheCheck(), first).about("suspect-4").details)
    second = make({f"cache/{number}.wav": b"x" * 100 for number in range(5)})
    [told] = [line for line in said(CacheCheck(), second).about("suspect-4").details if "since" in line]
    assert told == "+5 files, +500 bytes since the last run (less than a minute ago)"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(30, "less than a minute"), (600, "10 minutes"), (3 * 3600 + 60, "3 hours"), (2 * 86_400 + 60, "2 days")],
)
def test_ages_of_the_files_are_said(make: Make, said: Ask, seconds: int, told: str) -> None:
    """In the largest unit that fits."""
    project = make({"cache/old.wav": "x", "cache/new.wav": "x"})
    at = time.time() - seconds
    os.utime(project.root / "cache" / "old.wav", (at, at))
    result = said(CacheCheck(), project).about("suspect-4")
    assert f"the oldest is {told} old, the newest less than a minute" in result.details


def test_nothing_is_written_into_the_project(make: Make, said: Ask) -> None:
    """What is remembered lies in the user's caches."""
    project = make({"cache/a.wav": b"x"})
    before = sorted(path.name for path in project.root.rglob("*"))
    said(CacheCheck(), project)
    assert sorted(path.name for path in project.root.rglob("*")) == before
    assert last_run.state_file(project.root).is_file()
    assert not last_run.state_file(project.root).is_relative_to(project.root)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"cache": 3}', '{"cache": {"files": "x"}}', "\xff"])
def test_a_broken_memory_of_the_last_run_is_no_memory(make: Make, said: Ask, content: str) -> None:
    """Whatever stands in the file, the check goes on as in a first run."""
    project = make({"cache/a.wav": b"x"})
    path = last_run.state_file(project.root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="latin-1")
    assert last_run.recall(project.root, "cache") is None
    assert said(CacheCheck(), project).about("suspect-4").status == "fine"


@pytest.mark.skipif(os.name == "nt", reason="the folder is found otherwise there")
def test_caches_that_cannot_be_written_are_no_failure(make: Make, said: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run is a first one again."""
    project = make({"cache/a.wav": b"x", "blocked": ""})
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.root / "blocked"))
    monkeypatch.setenv("HOME", str(project.root / "blocked"))
    assert said(CacheCheck(), project).about("suspect-4").status == "fine"
