"""What ruff says about the project's files: the rules that it has already are run by it, and not written again here."""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from overstay.scan.python.model import Lint

CODES = (
    "ASYNC210",
    "ASYNC212",
    "ASYNC220",
    "ASYNC221",
    "ASYNC222",
    "ASYNC230",
    "ASYNC251",
    "B019",
)
"""Blocking HTTP calls, processes, `open` and `time.sleep` in an async function; `lru_cache` on a method."""
_PATIENCE = 60.0


class Ruff:
    """A run of ruff over some files, begun at once and read when its answer is needed.

    The project's own configuration is not read, its `noqa` comments are. Where ruff cannot run, nothing is said; of
    a file whose name is no UTF-8 or has a line break in it, neither.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._run: subprocess.Popen[bytes] | None = None
        self._list = tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", delete=False)  # noqa: SIM115
        self._names = [str(path) for path in files if _can_be_listed(str(path))]

    def __enter__(self) -> "Ruff":
        # The names go through a file: a command line has room for a few thousand of them at most.
        with self._list as listing:
            listing.write("\n".join(self._names))
        if self._names:
            with contextlib.suppress(OSError):
                self._run = subprocess.Popen(
                    [sys.executable, "-m", "ruff", "check", *_OPTIONS, f"@{self._list.name}"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
        return self

    def __exit__(self, *_: object) -> None:
        if self._run is not None:
            self._run.kill()
            self._run.communicate()
        Path(self._list.name).unlink(missing_ok=True)

    def lints(self) -> Mapping[Path, Sequence[Lint]]:
        """Return what it said, by file."""
        found: dict[Path, list[Lint]] = defaultdict(list)
        for path, lint in self._said():
            found[path].append(lint)
        return found

    def _said(self) -> Iterator[tuple[Path, Lint]]:
        if self._run is None:
            return
        try:
            out, _ = self._run.communicate(timeout=_PATIENCE)
            messages = json.loads(out or b"[]")
        except (subprocess.TimeoutExpired, ValueError):
            return
        for each in messages:
            place = each["location"]
            lint = Lint(str(each["code"]), int(place["row"]), int(place["column"]) - 1, str(each["message"]))
            yield Path(each["filename"]), lint


def _can_be_listed(name: str) -> bool:
    """Tell whether a list of files, one a line and in UTF-8, can have a name: Unix allows any bytes in one."""
    return len(name.splitlines()) == 1 and not any("\ud800" <= letter <= "\udfff" for letter in name)


_OPTIONS = (
    "--isolated",
    "--no-cache",
    "--quiet",
    "--exit-zero",
    "--output-format",
    "json",
    "--select",
    ",".join(CODES),
)
