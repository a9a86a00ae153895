"""Which files are scripts of a page, and what is read of them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from overstay.scan.sources import Skipped
from overstay.scan.web.immer import stores_in
from overstay.scan.web.markup import is_typescript, scripts_alone
from overstay.scan.web.script import Dialect, Script

SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".html")
MOST_BYTES = 500_000
"""The syntax tree tells a node's place at a cost that grows with the place: twice the file takes four times as long."""
_MARKUP = frozenset((".vue", ".svelte", ".html"))
_TYPED = frozenset((".ts", ".mts", ".cts"))
_WIDEST_LINE = 5_000
_NO_PAGE = re.compile(r"\.(?:test|spec|stories|story|e2e|cy|d)\.[cm]?[jt]sx?$|\.min\.[cm]?js$")
_STORES = re.compile(r"\bimmer\b|\bconfigureStore\b")


def units(paths: Sequence[Path], _root: Path) -> tuple[list[Script], list[Skipped], int]:
    """Return the scripts of a project's files, what was passed over, and the number of lines.

    Tests, stories and declarations are no pages and left out. A file that does not parse is read where it does.
    """
    read = [_text_of(path) for path in paths if not _NO_PAGE.search(path.name)]
    texts = [each for each in read if isinstance(each, tuple)]
    stores = _stores(text for _, text in texts)
    scripts = [_script(path, text, stores) for path, text in texts]
    passed = [each for each in read if isinstance(each, Skipped)]
    passed += [Skipped(script.path, "partly", {"line": line}) for script in scripts for line in _error_lines(script)]
    return scripts, passed, sum(text.count("\n") + 1 for _, text in texts)


def script_of(path: Path, text: str) -> Script:
    """Return the script of a file that has this text and no other file beside it."""
    return _script(path, text, _stores([text]))


def _script(path: Path, text: str, stores: frozenset[str]) -> Script:
    is_markup = path.suffix in _MARKUP
    is_typed = is_typescript(text) if is_markup else path.suffix in _TYPED
    dialect: Dialect = "typescript" if is_typed else "tsx"
    return Script(path, text, scripts_alone(text) if is_markup else text, dialect, stores)


def _stores(texts: Iterable[str]) -> frozenset[str]:
    """Return the names of all stores that Immer freezes: a file that uses one does not say so."""
    return frozenset(name for text in texts if _STORES.search(text) for name in stores_in(text))


def _error_lines(script: Script) -> list[int]:
    """Return the line of the first place that does not parse."""
    first = script.root.find(kind="ERROR")
    return [] if first is None else [first.range().start.line + 1]


def _text_of(path: Path) -> tuple[Path, str] | Skipped:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            return Skipped(path, "too-large", {"size": f"{size / 1e6:.1f} MB"})
        content = path.read_bytes()
    except OSError as err:
        return Skipped(path, "unreadable", {"reason": err.strerror or str(err)})
    if b"\0" in content:
        return Skipped(path, "binary")
    # As a browser does: what is no UTF-8 becomes a mark, and the rest is read.
    text = content.decode("utf-8-sig", "replace")
    lines = text.splitlines()
    wide = sum(len(line) for line in lines if len(line) > _WIDEST_LINE)
    return Skipped(path, "minified") if 2 * wide > len(text) and path.suffix not in _MARKUP else (path, text)
