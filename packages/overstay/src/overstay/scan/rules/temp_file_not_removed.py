"""A file that serves one reply is written under a name of its own, and stays on disk: for ever, or after an error."""

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from overstay.scan.python.definitions import Function, bound
from overstay.scan.python.module import FunctionNode, Module
from overstay.scan.python.paths import in_except, in_finally, last_name, mentions
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_UNIQUE = re.compile(r"uuid[14]?\b|time_ns|time\.time\(|token_hex|monotonic|strftime|getrandbits|randint|perf_counter")
_TEMPORARY = re.compile(r"te?mp|cache|wav|mp3|ogg|opus|webm|pcm|flac|audio|speech|sound|clip", re.IGNORECASE)
_PATH = re.compile(r"Path|join|/|\.\w{2,5}['\"]|with_")
_WRITERS = ("open", "write_bytes", "write_text", "write", "save", "export", "to_file", "save_to_file")
_REMOVERS = re.compile(
    r"^_?(unlink|remove|rmtree|delete|cleanup|clean_up|discard|rm)(_|$)|_(unlink|remove|delete)$|_file$"
)

_KEPT = re.compile(r"dump|debug|trace|profile")
"""Names of functions whose files are their result."""
_KEEPING = (
    "append",
    "extend",
    "add",
    "put",
    "put_nowait",
    "callback",
    "replace",
    "rename",
    "move",
    "enter_context",
    "finalize",
)


def check(unit: Unit) -> Iterator[Match]:
    """Yield the places that make such files, where they are not removed, or not on every way out."""
    for call, name in _made(unit.module):
        function = unit.module.function(call)
        if function is not None:
            told = _what_is_missing(name, unit.project.function(function), unit)
            if told is not None:
                is_hint = _is_of_the_program(call, function, unit)
                yield unit.module.match(call, told, is_hint=is_hint, call=ast.unparse(call.func))


def _made(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that makes a file to be removed, and the local name of its path."""
    for call in module.calls("NamedTemporaryFile", "mkstemp", "mkdtemp"):
        if not module.resolve(call.func).startswith("tempfile.") or _deletes_itself(call):
            continue
        names = _given(call, module)
        if names and not _is_in_temporary(call, module):
            yield call, names[-1]
    for call in module.calls(*_WRITERS):
        name = _own_path(call, module)
        if name:
            yield call, name


def _is_of_the_program(call: ast.Call, function: FunctionNode, unit: Unit) -> bool:
    """Tell whether nothing says that the file is a client's: a folder or a bare name made where no client is in sight,
    or something that is written to be kept."""
    if _KEPT.search(function.name):
        return True
    is_bare = last_name(call.func) in ("mkdtemp", "mkstemp")
    return is_bare and not unit.project.sessions.runs_per_client(call, unit.module)


def _given(call: ast.Call, module: Module) -> list[str]:
    """Return the local names that get what a call makes, or a part of it; the last one of a pair is the path."""
    for above in module.ancestors(call):
        if pairs := bound(above):
            return [target.id for target, _ in pairs if isinstance(target, ast.Name)]
        if isinstance(above, ast.stmt):
            return []
    return []


def _deletes_itself(call: ast.Call) -> bool:
    keeps = [each for each in call.keywords if each.arg in ("delete", "delete_on_close")]
    is_kept = any(isinstance(each.value, ast.Constant) and each.value.value is False for each in keeps)
    return last_name(call.func) == "NamedTemporaryFile" and not is_kept


def _is_in_temporary(call: ast.Call, module: Module) -> bool:
    """Tell whether a file is made in a folder that a `TemporaryDirectory` removes with all that is in it."""
    function = module.function(call)
    places = [ast.unparse(each.value) for each in call.keywords if each.arg == "dir"]
    for item in module.own(function) if function and places else ():
        if isinstance(item, ast.withitem) and item.optional_vars is not None:
            is_temporary = "TemporaryDirectory" in ast.unparse(item.context_expr)
            if is_temporary and ast.unparse(item.optional_vars) in places:
                return True
    return False


def _own_path(call: ast.Call, module: Module) -> str:
    """Return the local name of the path that a call writes to, if that has a name of its own and is temporary."""
    function = module.function(call)
    names = _paths(call) if function is not None and _writes(call) else []
    for name in names:
        text = _value_of(name, function, module)
        for inner in re.findall(r"\b[a-z_]\w*\b", text):
            text += _value_of(inner, function, module) if inner != name else ""
        if _UNIQUE.search(text) and _TEMPORARY.search(text) and _PATH.search(text):
            return name
    return ""


def _value_of(name: str, function: FunctionNode | None, module: Module) -> str:
    """Return the source of what a local name is given, for the names that a path is made of."""
    for node in module.own(function) if function else ():
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == name for each in node.targets
        ):
            return ast.unparse(node.value)
    return ""


def _paths(call: ast.Call) -> list[str]:
    """Return the local names that may be the path: the object whose method writes, and the first argument."""
    candidates = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    candidates += call.args[:1]
    inner = [
        each.args[0] if isinstance(each, ast.Call) and each.args and last_name(each.func) in ("str", "Path") else each
        for each in candidates
    ]
    return [each.id for each in inner if isinstance(each, ast.Name)]


def _writes(call: ast.Call) -> bool:
    if last_name(call.func) != "open":
        return True
    modes = [
        each.value for each in (*call.args, *(word.value for word in call.keywords)) if isinstance(each, ast.Constant)
    ]
    return any(isinstance(mode, str) and set("wax") & set(mode) and len(mode) < 4 for mode in modes)


def _what_is_missing(name: str, function: Function, unit: Unit) -> tuple[str, dict[str, object]] | None:
    """Return a line of evidence; None where the file is removed on every way, or somebody else may remove it."""
    module, names = unit.module, _names_of(name, function)
    if any(_is_handed_on(each, function) for each in names):
        return None
    removals = [
        node for node in function.nodes if isinstance(node, ast.Call) and any(_removes(node, each) for each in names)
    ]
    if removals and all(in_except(each, module) for each in removals):
        return None  # what is made is wanted, unless making it fails
    if any(in_finally(each, module) or _is_scheduled(each) for each in removals):
        return None
    if removals:
        return "rule.temp-file-not-removed.not-finally", {"line": removals[0].lineno, "file": module.path}
    if any(_is_returned(each, function) for each in names):
        return _missing_in_callers(function, unit)
    return "rule.temp-file-not-removed.never", {}


def _names_of(name: str, function: Function) -> list[str]:
    """Return a path's local name and those that are made of it: `Path(name)`, `file.name`, `str(name)`."""
    names = [name]
    for other, values in function.bindings.items():
        if any(_is_of_path(each) and mentions(each, name) for each in values) and other != name:
            names.append(other)
    return names


def _is_of_path(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return last_name(node.func) in ("Path", "str", "fspath")
    return isinstance(node, ast.Name | ast.Attribute)


def _removes(call: ast.Call, name: str) -> bool:
    """Tell whether a call removes a file, or hands its path to something together with what removes it."""
    removes = _REMOVERS.search(last_name(call.func)) is not None
    hands = any(_REMOVERS.search(last_name(each)) for each in call.args)
    return (removes or hands) and mentions(call, name)


def _is_scheduled(call: ast.Call) -> bool:
    """Tell whether a removal is handed over, to be done whatever happens: a background task, an exit callback."""
    return _REMOVERS.search(last_name(call.func)) is None


def _is_returned(name: str, function: Function) -> bool:
    given = [
        each.value for each in function.nodes if isinstance(each, ast.Return | ast.Yield) and each.value is not None
    ]
    return any(mentions(each, name) for each in given)


def _is_handed_on(name: str, function: Function) -> bool:
    """Tell whether the path is kept, or given to a function that is not known only to read or write it."""
    for node in function.nodes:
        if _keeps(node) and mentions(node.value, name):
            return True
        keeps = isinstance(node, ast.Call) and last_name(node.func) in _KEEPING
        if keeps and mentions(node, name):
            return True
    return False


def _keeps(node: ast.AST) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)


def _missing_in_callers(function: Function, unit: Unit) -> tuple[str, dict[str, object]] | None:
    """Look for the removal where the path is returned to; None where that is on every way, or not to be seen."""
    found = None
    for module, call in unit.project.calls_of(function):
        caller = module.function(call)
        statement = module.statement(call)
        if caller is None or not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            return None
        name = statement.targets[0].id
        removals = [each for each in module.own(caller) if isinstance(each, ast.Call) and _removes(each, name)]
        if not removals or any(in_finally(each, module) for each in removals):
            return None
        found = {"line": removals[0].lineno, "file": module.path}
    return ("rule.temp-file-not-removed.not-finally", found) if found else None


RULE = Rule("temp-file-not-removed", "python", "file", "severe", check, suspect=4)
