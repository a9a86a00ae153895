"""The project's TypeScript and JavaScript as syntax trees; no Node is needed, and nothing of it is run."""

import time
from dataclasses import dataclass
from functools import cached_property

from ast_grep_py import SgNode, SgRoot

from overstay.checks.text import UnreadableError, read
from overstay.checks.tree import WEB, Tree
from overstay.findings import Site

_LANGUAGES = {".ts": "typescript", ".tsx": "tsx", ".js": "javascript", ".jsx": "tsx", ".mjs": "javascript"}
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Script:
    """One file of the front end."""

    path: str
    text: str
    language: str

    @cached_property
    def root(self) -> SgNode:
        """Return the syntax tree; what does not parse has errors in it and is searched all the same."""
        return SgRoot(self.text, self.language).root()

    def calls(self, *names: str) -> list[SgNode]:
        """Return the calls of these functions, also as `window.name(…)`."""
        return [
            node
            for node in self.root.find_all(kind="call_expression")
            if (function := node.field("function")) is not None and function.text().rpartition(".")[2] in names
        ]

    def site(self, node: SgNode) -> Site:
        """Return where a node begins."""
        line = node.range().start.line
        return Site(self.path, line + 1, "", self.text.splitlines()[line].strip())


def scripts(tree: Tree, *words: str, until: float) -> list[Script]:
    """Return the files whose path has all of these words, read in time."""
    found = []
    for file in tree.of(WEB):
        language = _LANGUAGES.get(file.suffix)
        if language is None or not all(word in file.path.lower() for word in words) or time.monotonic() > until:
            continue
        try:
            found.append(Script(file.path, read(tree.root / file.path, limit=_LARGEST, until=until), language))
        except UnreadableError:
            continue
    return found
