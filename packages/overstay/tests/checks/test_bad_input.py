"""A project with everything in it that a project should not have: said in a sentence, read in time, left as it was."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overstay.checks.cache import CacheCheck
from overstay.checks.check import Project
from overstay.checks.checkup import check_up, of_project
from overstay.checks.tree import walk
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.report import document

Make = Callable[..., Project]
ENGLISH = Speaker("en")
MARK = "import pathlib\npathlib.Path({mark!r}).write_text('ran')\n"
NASTY: dict[str, str | bytes] = {
    "python2.py": "print 'hello'\nexec 'x' in {}\n",
    "broken.py": "def (:\n    enable_proxy = \n",
    "binary.py": b"\x00\x01\x02create_task",
    "latin.py": b"# -*- coding: latin-1 -*-\nx = '\xe9\xff'\nasyncio.create_task(x)\n",
    "warns.py": "x = '\\d'\nif x is 'a': assert (x, 'y')\n",
    "deep.py": "x = " + "(" * 3_000 + ")" * 3_000 + "\n",
    "long.py": "x = " + "1 + " * 50_000 + "1\n",
    "proxy_broken.py": "asyncio.create_task(\n",
    "empty/__init__.py": "",
    "C:\\chat\\cache\\a.wav" if os.name != "nt" else "a.wav": b"x",
    "cache/con\ttrol\x1b[31m.wav" if os.name != "nt" else "cache/b.wav": b"x",
    "conf.yaml": "path: 'C:\\Users\\me'\ncache_dir: \"C:\\\\chat\\\\cache\"\nenable_proxy: maybe\n",
    "characters/broken.yaml": "a: [1, 2\n",
    "settings.json": "{'a': 1}",
    ".env": "\x00",
    "chat.db": b"SQLite format 3\x00" + bytes(range(256)) * 20,
    "server.log": b"\xff\xfe\x00\xd8",
    "other.log": b"\xff\xfe\x41\x00\x0a\x00" * 100,
    "ad-carousel.tsx": b"\xff\xfe<div" + b"<" * 1_000,
    "chat_history/x.json": b"{" * 10_000,
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_it_makes_a_check_fail(make: Make, tmp_path: Path, language: Language) -> None:
    """Every check has its say, in both languages, and the report can be written and read."""
    results = check_up(make(NASTY), Speaker(language))
    failed = Speaker(language)("check.failed", check="X", why="Y").partition("X")[0]
    assert [each.title for each in results if each.title.startswith(failed)] == []
    report = of_project(results, 1.0)
    document.write(report, tmp_path / "report.json")
    assert document.read(tmp_path / "report.json") == report


def test_nothing_of_it_is_run_followed_or_changed(make: Make, tmp_path: Path) -> None:
    """No file is imported, none is added, none is touched."""
    mark = str(tmp_path / "mark")
    names = ("sitecustomize.py", "conftest.py", "setup.py", "yaml.py", "proxy_queue.py", "chat_history/__init__.py")
    project = make(NASTY | {name: MARK.format(mark=mark) for name in names})
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in project.root.rglob("*")}
    check_up(project, ENGLISH)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in project.root.rglob("*")} == before
    assert not Path(mark).exists()


def test_generated_files_of_50_megabytes_are_left_out(make: Make) -> None:
    """Python, a log, JSON and a script that a program wrote."""
    project = make({"app.py": ""})
    for name in ("generated.py", "config.json", "conf.yaml", "carousel.tsx"):
        with (project.root / name).open("wb") as file:
            file.truncate(50_000_000)
    began = time.monotonic()
    results = check_up(project, ENGLISH)
    assert time.monotonic() - began < 30
    assert project.sources.unread == ["generated.py"]
    told = [each.title for each in results if each.status == "not-checked"]
    assert "conf.yaml was not read: it is larger than 0.512 MB" in told
    assert "config.json was not read: it is larger than 0.512 MB" in told


def test_a_cache_that_cannot_be_counted_in_time_is_sampled_and_says_so(make: Make) -> None:
    """What a million files are on a fast disk, ten thousand are for a walk that has no time."""
    project = make()
    (project.root / "cache").mkdir()
    for number in range(10_000):
        (project.root / "cache" / str(number)).touch()
    quick = Project(project.root, deadline=time.monotonic() + 20)
    quick.__dict__["tree"] = walk(project.root, until=time.monotonic() + 0.01)
    folder = quick.tree.below("cache")
    if folder.is_whole and folder.files:
        pytest.skip("this machine counts faster than that")
    [result] = CacheCheck().look(quick, ENGLISH)
    assert "sampled" in result.title or result.status == "not-checked"


def test_files_that_vanish_while_they_are_looked_at_are_no_failure(make: Make) -> None:
    """A server deletes its sound files while the walk is on."""
    project = make({"cache/a.wav": b"x", "conf.yaml": "a: 1", "server.log": "x", "chat.db": b"x", "app.py": "x = 1"})
    assert project.tree.files
    for path in project.root.rglob("*.*"):
        path.unlink()
    results = check_up(project, ENGLISH)
    assert [each.title for each in results if "failed and says nothing" in each.title] == []
