"""What was counted in the last run of the same project: one small file of the user's, never one of the project's."""

import contextlib
import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Count:
    """How many files a folder had, and of how many bytes, at a time."""

    files: int
    bytes: int
    at: float


def recall(root: Path, folder: str) -> Count | None:
    """Return what the last run counted; None in the first run, or when its file is gone or broken."""
    told: Any = _load(root).get(folder)
    try:
        return Count(int(told["files"]), int(told["bytes"]), float(told["at"]))
    except (KeyError, TypeError, ValueError):
        return None


def remember(root: Path, folder: str, *, files: int, size: int) -> None:
    """Keep a count for the next run; where nothing can be written, the next run is a first one again."""
    counts = _load(root) | {folder: {"files": files, "bytes": size, "at": time.time()}}
    path = state_file(root)
    part = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_text(json.dumps(counts), encoding="utf-8")
        part.replace(path)


def state_file(root: Path) -> Path:
    """Return where the counts of a project are kept."""
    name = hashlib.sha1(os.fsencode(root.resolve()), usedforsecurity=False).hexdigest()[:16]
    return _caches() / "overstay" / "projects" / f"{name}.json"


def _caches() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _load(root: Path) -> dict[str, object]:
    try:
        told = json.loads(state_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
