"""The project's folders and files, from one walk that is bounded in time and never leaves the project.

Links are not followed, whether they lead out of the project or not: what they lead to inside of it is met on its own.
A folder of a million files is counted to its end as long as there is time, and its sizes are taken from a sample.
"""

import os
import re
import stat
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SOURCE = frozenset({".py"})
WEB = frozenset({".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue", ".html"})
SETTINGS = frozenset({".yaml", ".yml", ".toml", ".json", ".env"})
DATABASE = frozenset({".db", ".sqlite", ".sqlite3", ".db3"})
LOG = frozenset({".log", ".txt", ".out"})
_OF_INTEREST = SOURCE | WEB | SETTINGS | DATABASE | LOG
_TOOLS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".idea",
        ".vscode",
        ".venv",
        "venv",
        "node_modules",
        "site-packages",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".tox",
        ".nox",
        ".next",
        ".nuxt",
        ".turbo",
        ".parcel-cache",
    }
)
_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
_DEEPEST = 40
MEASURED = 5_000
"""Files of one folder whose sizes are all measured; beyond them one of `_SAMPLE`."""
_SAMPLE = 16
_KEPT = 2_000
_KEPT_IN_ALL = 20_000
_REPARSE_POINT = 0x400


@dataclass(frozen=True, slots=True)
class File:
    """A file that a check may want to read; the path is relative to the project."""

    path: str
    size: int
    modified: float

    @property
    def name(self) -> str:
        """Return the file's own name."""
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        """Return the ending, with its dot; of `.env.local` it is `.env`, of `server.log.1` it is `.log`."""
        name = self.name.lower()
        if name.startswith(".env"):
            return ".env"
        return ".log" if ".log." in name else PurePosixPath(name).suffix


@dataclass(slots=True)
class Folder:
    """How many files a folder has itself, and how large they are together.

    `is_whole` is false when the time was over before all were seen, `is_measured` when sizes are those of a sample.
    """

    path: str
    files: int = 0
    bytes: int = 0
    oldest: float | None = None
    newest: float | None = None
    is_whole: bool = True
    is_measured: bool = True

    def __add__(self, other: "Folder") -> "Folder":
        ages = [age for age in (self.oldest, other.oldest, self.newest, other.newest) if age is not None]
        return Folder(
            self.path,
            self.files + other.files,
            self.bytes + other.bytes,
            min(ages, default=None),
            max(ages, default=None),
            is_whole=self.is_whole and other.is_whole,
            is_measured=self.is_measured and other.is_measured,
        )


@dataclass(slots=True)
class Tree:
    """What the walk has seen; `links` are those it did not follow, `refused` the folders that may not be read."""

    root: Path
    folders: dict[str, Folder] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_whole: bool = True

    def of(self, suffixes: frozenset[str]) -> Iterator[File]:
        """Yield the files with one of these endings."""
        return (file for file in self.files if file.suffix in suffixes)

    def named(self, pattern: "re.Pattern[str]") -> Iterator[Folder]:
        """Yield the topmost folders with such a name, with everything in them; those that hold source are packages."""
        code = {file.path.rpartition("/")[0] for file in self.of(SOURCE | WEB)}
        found: list[str] = []
        for path in sorted(self.folders):
            is_inside = any(path.startswith(f"{each}/") for each in found)
            if pattern.fullmatch(path.rpartition("/")[2].lower()) and path not in code and not is_inside:
                found.append(path)
                yield self.below(path)

    def below(self, path: str) -> Folder:
        """Return a folder with everything in it."""
        total = Folder(path)
        for name, folder in self.folders.items():
            if name == path or name.startswith(f"{path}/"):
                total += folder
        return total


def walk(root: Path, *, until: float) -> Tree:
    """Return what is below `root`, nearest first, as far as the time allows."""
    tree = Tree(root)
    waiting: deque[tuple[str, int]] = deque([("", 0)])
    while waiting:
        path, depth = waiting.popleft()
        now = time.monotonic()
        if now > until:
            tree.is_whole = False
            break
        # Half of what is left for one folder, so that a huge one does not hide those that come after it.
        inner = _look_into(tree, path, until=now + (until - now) / 2)
        waiting.extend((name, depth + 1) for name in inner if depth < _DEEPEST)
    return tree


def _look_into(tree: Tree, path: str, *, until: float) -> list[str]:
    """Count the files of one folder and return its folders; of a Python environment nothing is taken."""
    folder, inner, kept = Folder(path or "."), [], []
    measured = 0
    try:
        with os.scandir(tree.root / path) as entries:
            for entry in entries:
                name = f"{path}/{entry.name}" if path else entry.name
                if entry.name in _ENVIRONMENT:
                    return []
                if is_link(entry):
                    tree.links.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    inner += [name] if entry.name not in _TOOLS else []
                elif entry.is_file(follow_symlinks=False):
                    folder.files += 1
                    if folder.files <= MEASURED or folder.files % _SAMPLE == 0:
                        measured += 1
                        kept.append(_measure(folder, entry, name))
                    if folder.files % 256 == 0 and time.monotonic() > until:
                        folder.is_whole = tree.is_whole = False
                        break
    except OSError:
        tree.refused.append(path or ".")
    folder.is_measured = measured == folder.files
    if not folder.is_measured:
        folder.bytes = folder.bytes * folder.files // measured
    tree.folders[folder.path] = folder
    of_interest = sorted((file for file in kept if file.suffix in _OF_INTEREST), key=lambda file: file.path)[:_KEPT]
    tree.files += of_interest[: max(0, _KEPT_IN_ALL - len(tree.files))]
    return sorted(inner)


def _measure(folder: Folder, entry: "os.DirEntry[str]", name: str) -> File:
    try:
        told = entry.stat(follow_symlinks=False)
    except OSError:  # removed under our eyes
        return File(name, 0, 0.0)
    folder.bytes += told.st_size
    folder.oldest = min(folder.oldest or told.st_mtime, told.st_mtime)
    folder.newest = max(folder.newest or told.st_mtime, told.st_mtime)
    return File(name, told.st_size, told.st_mtime)


def is_link(entry: "os.DirEntry[str]") -> bool:
    """Tell whether an entry is a symbolic link or a junction of Windows, which Python calls a folder before 3.12."""
    if entry.is_symlink():
        return True
    if os.name != "nt":
        return False
    told = entry.stat(follow_symlinks=False)
    return bool(getattr(told, "st_file_attributes", 0) & _REPARSE_POINT) and stat.S_ISDIR(told.st_mode)
