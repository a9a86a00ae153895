"""The target's source lines as a reader knows them: short paths, the statement, the library and its version."""

import ast
import hashlib
import linecache
import re
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from overstay.findings import Site
from overstay.observation import Frame, Place

_SITE_PACKAGES = re.compile(r"^(.*?[/\\](?:site|dist)-packages)[/\\](.+)$")


def site_of(place: Place, project: Path) -> Site:
    """Return a place as the report shows it."""
    return _site(place.where, project, library=place.is_library)


def stack_of(place: Place, project: Path) -> tuple[Site, ...]:
    """Return the frames of a place as the report shows them, innermost first."""
    return tuple(_site(frame, project, library=False) for frame in place.frames[:8])


def _site(frame: Frame, project: Path, *, library: bool) -> Site:
    return Site(
        file=short_path(frame.file, project),
        line=frame.line,
        function=frame.function,
        code=linecache.getline(frame.file, frame.line).strip(),
        library=library_of(frame.file) if library else None,
    )


def short_path(path: str, project: Path) -> str:
    """Return a path relative to the project where it lies inside, to site-packages where it lies there."""
    packaged = _SITE_PACKAGES.match(path)
    try:
        relative = Path(path).relative_to(project.resolve())
    except ValueError:
        return packaged[2].replace("\\", "/") if packaged else path
    return packaged[2] if packaged and "site-packages" in str(relative) else relative.as_posix()


@lru_cache(maxsize=256)
def library_of(path: str) -> str:
    """Return "name version" of the distribution that a file belongs to; "Python" for the standard library."""
    packaged = _SITE_PACKAGES.match(path)
    if packaged is None:
        return "Python"
    top = packaged[2].replace("\\", "/").partition("/")[0].removesuffix(".py")
    for distribution in metadata.distributions(path=[packaged[1]]):
        if _provides(distribution, top):
            return f"{distribution.metadata['Name']} {distribution.version}"
    return top


def _provides(distribution: metadata.Distribution, top: str) -> bool:
    name = distribution.metadata["Name"] or ""
    if name.lower().replace("-", "_") == top.lower():
        return True
    return top in (distribution.read_text("top_level.txt") or "").split()


def fingerprint(rule: str, kind: str, place: Place, project: Path, shape: str = "") -> str:
    """Return the identity of a finding: stable while the statement is, wherever the file's other lines move it.

    `shape` is that of the finding's trace, where it has one.
    """
    frame = place.where
    parts = (
        rule,
        kind,
        short_path(frame.file, project),
        frame.function,
        statement(frame.file, frame.line),
        *filter(None, (shape,)),
    )
    return hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()[:12]


@lru_cache(maxsize=1024)
def statement(path: str, line: int) -> str:
    """Return the smallest statement that covers a line, normalised; the bare line when the file does not parse."""
    bare = " ".join(linecache.getline(path, line).split())
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return bare
    covering = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not covering:
        return bare
    smallest = min(covering, key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    # A compound statement is told by its head: what it contains may change without the site becoming another.
    return bare if hasattr(smallest, "body") else ast.unparse(smallest)
