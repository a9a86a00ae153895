"""Whether what is put into a container is put there for each client, and whether it is ever taken out."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.containers import Change, Container
from overstay.scan.python.definitions import Class
from overstay.scan.python.model import Project
from overstay.scan.python.module import FunctionNode, Module

_OF_A_CLIENT = re.compile(
    r"client|session|conn|user|uid|\bsid|uuid|peer|token|sock|\bws\b|websocket|visitor|subscriber|listener|player|caller|"
    r"(request|message|msg|call|chat|task|job|event|stream|room|channel)_?(id|uid|uuid)?$"
)
_A_CLIENT = re.compile(
    r"(^|_)(client|session|user|conn|connection|peer|player|visitor|subscriber|listener|caller|room|socket|ws|websocket|sid)"
    r"(_?(uid|uuid|id|sid|name))?$"
)
_A_CONNECTION = re.compile(r"_*(client_)?(web_?socket|ws)$")
_SAID = re.compile(
    r"message|msg|text|content|turn|histor|repl(y|ies)|answer|audio|utteranc|transcript|question|prompt|client|session|"
    r"user|conn|websocket|request|frame",
    re.IGNORECASE,
)
_OF_THE_PROGRAM = re.compile(
    r"^_*(model|pool|rule|engine|tool|node|worker|backend|file|doc|flow|component|entity|device|plugin|schema|class|type)"
)
_BARE_IDS = frozenset(("id", "uid", "uuid", "sid", "name", "key", "value"))
_SESSIONS = re.compile(r"session|client|conn|context|agent|handler|peer|conversation|chat|user|player", re.IGNORECASE)
_ENGINE = re.compile(r"engine|recogni|synthe|transcri|asr|tts|vad|llm|model|agent|pipeline|detector", re.IGNORECASE)


def is_long_lived(container: Container, project: Project) -> bool:
    """Tell whether a container is there for all clients: of a module, of a class, or of an object that they share."""
    if isinstance(container.owner, Module) or container.is_of_class:
        return True
    return project.sessions.is_shared(container.owner)


def fills_per_client(container: Container, project: Project) -> list[Change]:
    """Return the places that put something in for each client or each of its messages, in the order of the source."""
    found = [each for each in container.fills if project.sessions.is_per_client(each.function)]
    return sorted(found, key=lambda each: (str(each.module.path), getattr(each.node, "lineno", 0)))


def is_of_a_client(change: Change, project: Project) -> bool:
    """Tell whether a key or value is a client's: by its name, or because it is an object that each client has."""
    if isinstance(change.key, ast.Constant):
        return False
    if change.key is not None and _is_named_for_a_client(change.key):
        return True
    if change.depth:
        return False  # the key makes the entry, whatever is put into it
    value = change.value
    if isinstance(value, ast.Name) and _is_named_for_a_client(value):
        return True
    return any(_is_a_sessions(each, change.module, project) for each in (change.key, value) if each is not None)


def names_a_client(change: Change, project: Project) -> bool:
    """Tell whether an entry is a client's, beyond doubt: by its key, or because it is the client's connection."""
    if isinstance(change.value, ast.Name) and _A_CONNECTION.match(change.value.id.lower()):
        return True
    named = change.key if change.key is not None else change.value
    if named is None or isinstance(named, ast.Constant):
        return False
    if isinstance(named, ast.Attribute) and named.attr.strip("_") in _BARE_IDS:
        named = named.value
    last = named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""
    return names_client(last) or _is_a_sessions(named, change.module, project)


def names_client(name: str) -> bool:
    """Tell whether a variable's name is a client's, beyond doubt."""
    return _A_CLIENT.search(name.lower()) is not None


def is_of_a_conversation(change: Change) -> bool:
    """Tell whether what is added is a client's or something that was said, by any name in it."""
    value = change.value if change.value is not None else change.node
    words = [
        each.id if isinstance(each, ast.Name) else each.attr if isinstance(each, ast.Attribute) else str(each.value)
        for each in ast.walk(value)
        if isinstance(each, ast.Name | ast.Attribute)
        or (isinstance(each, ast.Constant) and isinstance(each.value, str))
    ]
    return any(_SAID.search(word) for word in words)


def _is_named_for_a_client(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute) and node.attr.strip("_") not in _BARE_IDS:
        node = ast.Name(node.attr)  # `connection.pool_id` is the pool's, `session.id` the session's
    names = [
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute)
    ]
    lowered = [name.lower().lstrip("_") for name in names]
    return any(_OF_A_CLIENT.search(name) and not _OF_THE_PROGRAM.match(name) for name in lowered)


def _is_a_sessions(node: ast.expr, module: Module, project: Project) -> bool:
    owner = project.types.of(node, module)
    return owner is not None and project.sessions.is_session_class(owner) and _SESSIONS.search(owner.name) is not None


def is_engine(owner: Class | Module) -> bool:
    """Tell whether a class is named for an engine: loaded once, because it is large, and used by all."""
    return isinstance(owner, Class) and _ENGINE.search(owner.name) is not None


def only_in_except(change: Change) -> str:
    """Return the exceptions that alone lead to a place; empty where a `finally` or plain code does, or all of them."""
    below: ast.AST = change.node
    for above in change.module.ancestors(below):
        if isinstance(above, ast.ExceptHandler):
            caught = ast.unparse(above.type) if above.type else ""
            return "" if caught in ("", "Exception", "BaseException") else caught
        if isinstance(above, ast.Try) and below in above.orelse:
            return "else"
        if isinstance(above, FunctionNode):
            break
        below = above
    return ""


def lines_of(changes: list[Change]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield a line of evidence for each further place."""
    for each in changes[:3]:
        yield "scan.also-at", {"file": each.module.path, "line": getattr(each.node, "lineno", 0)}
