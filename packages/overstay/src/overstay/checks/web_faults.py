"""Three faults of a front end: timers left running, frozen state written to, tools of development in production."""

import re
from collections.abc import Iterator

from ast_grep_py import SgNode

from overstay.checks.web_sources import Script
from overstay.findings import Site

_CLEARED_BY = {"setTimeout": "clearTimeout", "setInterval": "clearInterval"}
_HOOK = re.compile(r"^use(?!Ref\b|Callback\b|Memo\b|Effect\b)[A-Z]\w*|\.getState\(\)$")
_MUTATORS = ("push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill")
_DEVELOPMENT = re.compile(r"NODE_ENV|import\.meta\.env|__DEV__|isDev|isDevelopment", re.IGNORECASE)
_LOGGERS = ("createLogger", "logger", "reduxLogger")


def kept_timers(script: Script) -> Iterator[Site]:
    """Yield the timers that nothing clears: in an effect its own clean-up has to, elsewhere anything in the file."""
    for timer in script.calls(*_CLEARED_BY):
        name = _function_of(timer)
        clear = _CLEARED_BY.get(name, "")
        effect = next((each for each in timer.ancestors() if _function_of(each).endswith("Effect")), None)
        cleared = effect.text() if effect is not None else script.text
        if clear not in cleared:
            yield script.site(timer)


def written_state(script: Script) -> Iterator[Site]:
    """Yield the lines that write to what a hook of a store has given, which Immer has frozen."""
    frozen = set(_frozen_names(script))
    for node in script.root.find_all(kind="assignment_expression"):
        left = node.field("left")
        if left is not None and left.kind() in ("member_expression", "subscript_expression") and _root(left) in frozen:
            yield script.site(node)
    for node in script.root.find_all(kind="call_expression"):
        function = node.field("function")
        if function is None or function.kind() != "member_expression":
            continue
        owner, _, method = function.text().rpartition(".")
        if method in _MUTATORS and _root(function) in frozen and owner:
            yield script.site(node)


def development_tools(script: Script) -> Iterator[Site]:
    """Yield what a store keeps on in production: its developer tools, which remember every action, and loggers."""
    for store in script.calls("configureStore", "createStore"):
        if _function_of(store) == "configureStore" and not _is_switched(store, "devTools", default=True):
            yield script.site(store)
    for tools in script.calls("devtools", "composeWithDevTools"):
        if not _is_switched(tools, "enabled", default=True) and not _is_conditional(tools):
            yield script.site(tools)
    for logger in script.root.find_all(kind="identifier"):
        if logger.text() in _LOGGERS and _is_middleware(logger) and not _is_conditional(logger):
            yield script.site(logger)


def _function_of(node: SgNode) -> str:
    function = node.field("function") if node.kind() == "call_expression" else None
    return "" if function is None else function.text().rpartition(".")[2]


def _frozen_names(script: Script) -> Iterator[str]:
    for node in script.root.find_all(kind="variable_declarator"):
        name, value = node.field("name"), node.field("value")
        if name is None or value is None or value.kind() != "call_expression" or not _HOOK.search(value.text()):
            continue
        if name.kind() == "identifier":
            yield name.text()
        else:
            kinds = ("shorthand_property_identifier_pattern", "identifier")
            inside = [each for kind in kinds for each in name.find_all(kind=kind)]
            # Of `const [value, setValue] = useState()` the first is state, too.
            yield from (each.text() for each in inside if not each.text().endswith("Ref"))


def _root(node: SgNode) -> str:
    """Return the variable that a chain of members begins with; nothing for what is called in between."""
    while (inner := node.field("object")) is not None:
        node = inner
    return node.text() if node.kind() == "identifier" else ""


def _is_switched(call: SgNode, option: str, *, default: bool) -> bool:
    """Tell whether an option of a call depends on the kind of build, or is off."""
    for pair in call.find_all(kind="pair"):
        key, value = pair.field("key"), pair.field("value")
        if key is not None and value is not None and key.text().strip("'\"") == option:
            return value.text() == "false" or _DEVELOPMENT.search(value.text()) is not None
    return not default


def _is_conditional(node: SgNode) -> bool:
    """Tell whether something around a node asks for the kind of build."""
    kinds = ("ternary_expression", "if_statement", "binary_expression")
    return any(each.kind() in kinds and _DEVELOPMENT.search(each.text()) for each in node.ancestors())


def _is_middleware(node: SgNode) -> bool:
    """Tell whether a logger is handed to a store: by concat, applyMiddleware or a list of middleware."""
    around = [each for each in node.ancestors() if each.kind() in ("call_expression", "pair")]
    return any(re.match(r"[\w.()]*(concat|prepend|applyMiddleware)\b|middleware\b", each.text()) for each in around[:3])
