"""Which lines write into a folder: those that name it, and those that write where the name was handed to."""

import ast
from collections.abc import Iterator

from overstay.checks.sources import Module, Sources, called
from overstay.findings import Site

_WRITERS = frozenset(
    {
        "write_bytes",
        "write_text",
        "mkstemp",
        "NamedTemporaryFile",
        "TemporaryFile",
        "save",
        "savez",
        "sf_write",
        "export",
        "urlretrieve",
        "save_to_file",
        "stream_to_file",
        "write_to_file",
    }
)
_OPENERS = frozenset({"open", "async_open"})
_REMOVERS = frozenset({"unlink", "remove", "rmtree", "remove_file", "removedirs", "clear_cache", "TemporaryDirectory"})


def naming(sources: Sources, folder: str) -> Iterator[Site]:
    """Yield the lines that have a folder's own name as a text, or as a part of a path."""
    for module, node in _names(sources, folder):
        yield module.site(node)


def writing(sources: Sources, folder: str) -> list[Site]:
    """Return the lines that write files into a folder.

    They are looked for where its name stands and in what it is handed to; a name that travels further is not followed.
    """
    sites: dict[str, Site] = {}
    for module, node in _names(sources, folder):
        for home, scope in _scopes(module, node, sources):
            for call in ast.walk(scope):
                if is_writing(call):
                    site = home.site(call)
                    sites.setdefault(str(site), site)
    return list(sites.values())


def removing(module: Module) -> list[Site]:
    """Return the lines of a module that remove files."""
    return [module.site(node) for node in module.nodes() if called(node) in _REMOVERS]


def is_writing(node: ast.AST) -> bool:
    """Tell whether a node is a call that writes a file."""
    if not isinstance(node, ast.Call):
        return False
    if called(node) in _WRITERS:
        return True
    modes = [*node.args[:2], *(each.value for each in node.keywords if each.arg == "mode")]
    texts = [each.value for each in modes if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return called(node) in _OPENERS and any(_is_mode(text) for text in texts)


def _is_mode(text: str) -> bool:
    return len(text) <= 3 and bool(set(text) & set("wax")) and set(text) <= set("rwaxbt+")


def _names(sources: Sources, folder: str) -> Iterator[tuple[Module, ast.AST]]:
    name = folder.rpartition("/")[2]
    for module in sources.mentioning(name):
        for node in module.nodes():
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_part(node.value, name):
                yield module, node


def _has_part(text: str, name: str) -> bool:
    """Tell whether a text is a path with this part, written with either separator; no sentence is."""
    return len(text) < 200 and "\n" not in text and name in text.replace("\\", "/").strip("/").split("/")


def _scopes(module: Module, node: ast.AST, sources: Sources) -> Iterator[tuple[Module, ast.AST]]:
    """Yield where a name's folder may be written to: the class or function it stands in, and what it is handed to."""
    line = getattr(node, "lineno", 0)
    around = [each for nodes in module.definitions.values() for each in nodes if _covers(each, line)]
    yield module, min(around, key=lambda each: each.lineno) if around else (module.tree or ast.Module([], []))
    takers = {called(call) for call in module.nodes() if isinstance(call, ast.Call) and _covers(call, line)}
    for taker in sorted(takers - {""}):
        yield from sources.definitions(taker)


def _covers(node: ast.AST, line: int) -> bool:
    return getattr(node, "lineno", 0) <= line <= (getattr(node, "end_lineno", 0) or 0)
