"""The walk: bounded, inside the project, and honest about what it has not seen."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overstay.checks.check import Project
from overstay.checks.tree import walk

Make = Callable[..., Project]


def soon() -> float:
    return time.monotonic() + 20


def test_files_and_bytes_are_counted_folder_by_folder(make: Make) -> None:
    """A folder's own files, and with everything below it."""
    project = make({"cache/a.wav": b"x" * 10, "cache/deep/er/b.wav": b"x" * 5, "other/c.wav": b"x"})
    tree = walk(project.root, until=soon())
    assert (tree.folders["cache"].files, tree.folders["cache"].bytes) == (1, 10)
    assert (tree.below("cache").files, tree.below("cache").bytes) == (2, 15)
    assert tree.below("cache").is_whole


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_loops_of_links_and_links_outside_are_not_followed(make: Make, tmp_path: Path) -> None:
    """A link to its own folder, to the root, and to a folder of somebody else."""
    project = make({"cache/a.wav": b"x"})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.wav").write_bytes(b"x" * 100)
    for name, target in (("cache/again", "."), ("cache/root", "/"), ("cache/out", str(tmp_path / "outside"))):
        (project.root / name).symlink_to(target)
    tree = walk(project.root, until=soon())
    assert (tree.below("cache").files, tree.below("cache").bytes) == (1, 1)
    assert sorted(tree.links) == ["cache/again", "cache/out", "cache/root"]


def test_environments_and_tools_folders_are_left_out(make: Make) -> None:
    """Neither what pip has installed nor what npm has is the user's code, whatever the folder is called."""
    names = ("env39/pyvenv.cfg", "env39/lib/x.py", "node_modules/y/index.js", ".git/config.json", "app.py")
    tree = walk(make(dict.fromkeys(names, "")).root, until=soon())
    assert [file.path for file in tree.files] == ["app.py"]


def test_sizes_of_a_huge_folder_come_from_a_sample(make: Make) -> None:
    """All files are counted; beyond the first thousands one of sixteen is measured, and that is said."""
    project = make()
    (project.root / "cache").mkdir()
    for number in range(5_400):
        (project.root / "cache" / f"{number}.wav").write_bytes(b"xx")
    folder = walk(project.root, until=soon()).folders["cache"]
    assert (folder.files, folder.bytes) == (5_400, 10_800)
    assert folder.is_whole
    assert not folder.is_measured


def test_a_walk_without_time_says_that_it_has_not_seen_all(make: Make) -> None:
    """No answer is not a good answer."""
    assert not walk(make({"a.py": ""}).root, until=time.monotonic() - 1).is_whole


def test_a_folder_that_takes_too_long_is_cut_and_others_are_still_seen(make: Make) -> None:
    """One huge folder gets half of the time that is left."""
    project = make({f"a-cache/{number}.wav": "" for number in range(2_000)} | {"z/conf.yaml": ""})
    began = time.monotonic()
    tree = walk(project.root, until=began + 0.002)
    assert time.monotonic() - began < 5
    assert not tree.is_whole or tree.below("a-cache").files == 2_000


@pytest.mark.usefixtures("unprivileged")
def test_a_folder_that_may_not_be_read_is_named(make: Make) -> None:
    """It is left out, and the walk goes on."""
    project = make({"closed/a.py": "", "open/b.py": ""})
    (project.root / "closed").chmod(0)
    try:
        tree = walk(project.root, until=soon())
    finally:
        (project.root / "closed").chmod(0o700)
    assert tree.refused == ["closed"]
    assert [file.path for file in tree.files] == ["open/b.py"]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_that_are_no_unicode_are_counted(make: Make) -> None:
    """A byte that is no letter is a name like any other."""
    project = make()
    (project.root / "cache").mkdir()
    Path(os.fsdecode(os.fsencode(project.root) + b"/cache/\xff\xfe.wav")).write_bytes(b"x")
    assert walk(project.root, until=soon()).folders["cache"].files == 1
