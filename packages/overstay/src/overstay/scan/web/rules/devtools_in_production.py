"""A store that keeps its development tooling in production: every action and every state is recorded."""

import re
from collections.abc import Iterator

from ast_grep_py import SgNode

from overstay.scan.rule import Match, Rule
from overstay.scan.web.script import Call, Script, callee_path, span_of

_ENVIRONMENT = re.compile(
    r"NODE_ENV|import\.meta\.env|__DEV__|\bis_?(?:dev|prod)\w*|\b(?:DEV|PROD|DEBUG)\b|(?<!with)[dD]ev(?:elopment)?Mode",
    re.I,
)
_HOOK = re.compile(r"__REDUX_DEVTOOLS_EXTENSION(?:_COMPOSE)?__|__VUE_DEVTOOLS_GLOBAL_HOOK__")
_ALWAYS = re.compile(r"['\"](?:redux-devtools-extension|@redux-devtools/extension)['\"]")
_LOGGERS = re.compile(r"(?:import\s+(?:\{\s*)?(\w+)[^;\n]*from|(\w+)\s*=\s*require\()\s*['\"]redux-logger['\"]")
_OPTIONS = {
    "devTools": ("configureStore",),
    "devtools": ("configureStore", "ApolloClient", "createPinia", "defineStore", "createStore"),
    "connectToDevTools": ("ApolloClient",),
    "enabled": ("devtools",),
    "strict": ("Store", "createStore"),
}
"""The options that turn tooling on, and the calls that take them."""


def _check(script: Script) -> Iterator[Match]:
    if not re.search(r"dev_?tools|redux-logger|createLogger|\bstrict\b|config\.performance", script.text, re.I):
        return
    for node in [*_switched_on(script), *_hooks(script), *_plugins(script), *_settings(script)]:
        if not _is_guarded(script, node):
            yield script.match(span_of(node), what=node.text().partition("\n")[0][:60])


def _switched_on(script: Script) -> Iterator[SgNode]:
    """Yield the options that are on whatever the environment."""
    for node in script.nodes("pair"):
        key, value = node.field("key"), node.field("value")
        callers = _OPTIONS.get(key.text().strip("'\""), ()) if key is not None else ()
        if value is not None and callers and _given_to(node) in callers and _is_on(script, value, key):
            yield node


def _is_on(script: Script, value: SgNode, key: SgNode | None) -> bool:
    if value.kind() == "identifier":
        return re.search(rf"\bconst\s+{re.escape(value.text())}\s*=\s*true\b", script.code) is not None
    if value.kind() == "object":
        is_redux = key is not None and key.text() == "devTools"
        return is_redux or re.search(r"\benabled\s*:\s*true\b", value.text()) is not None
    return value.kind() == "true"


def _given_to(node: SgNode) -> str:
    """Return the last word of the call whose options an entry is one of."""
    options = node.parent()
    arguments = options.parent() if options is not None else None
    call = arguments.parent() if arguments is not None and arguments.kind() == "arguments" else None
    callee = None if call is None else (call.field("function") or call.field("constructor"))
    return "" if callee is None else callee_path(callee).rpartition(".")[2]


def _hooks(script: Script) -> Iterator[SgNode]:
    """Yield the uses of the browser extension, one a statement."""
    seen: set[int] = set()
    for node in script.nodes("property_identifier"):
        if _HOOK.fullmatch(node.text()) and not _is_type(node):
            statement = _statement(node)
            if span_of(statement)[0] not in seen:
                seen.add(span_of(statement)[0])
                yield node


def _is_type(node: SgNode) -> bool:
    """Tell whether a property is declared and not used: `interface Window { __REDUX_DEVTOOLS_EXTENSION__: ... }`."""
    return (above := node.parent()) is not None and above.kind() == "property_signature"


def _plugins(script: Script) -> Iterator[SgNode]:
    """Yield the tooling that is made part of a store: the extension's enhancer, and loggers that keep every state."""
    loggers = {name for pair in _LOGGERS.findall(script.text) for name in pair if name}
    for call in script.calls:
        if call.name == "composeWithDevTools" and _ALWAYS.search(script.text):
            yield call.node
        elif _adds_middleware(call):
            yield from (named for argument in call.arguments for named in _mentioned(argument, loggers))
        elif call.callee == "createLogger" and re.search(r"from\s+['\"]vuex['\"]", script.text):
            yield call.node


def _adds_middleware(call: Call) -> bool:
    return call.name in ("concat", "applyMiddleware", "prepend", "push")


def _mentioned(node: SgNode, names: set[str]) -> list[SgNode]:
    found = [node] if node.kind() == "identifier" else node.find_all(kind="identifier")
    return [each for each in found if each.text() in names][:1]


def _settings(script: Script) -> Iterator[SgNode]:
    """Yield the assignments that turn Vue's tooling on: `app.config.performance = true`."""
    for node in script.nodes("assignment_expression"):
        left, right = node.field("left"), node.field("right")
        is_on = left is not None and right is not None and right.kind() == "true"
        if is_on and re.search(r"\bconfig\.(?:devtools|performance)$", (left or node).text()):
            yield node


def _statement(node: SgNode) -> SgNode:
    here = node
    while (above := here.parent()) is not None and above.kind() not in ("program", "statement_block"):
        here = above
    return here


def _is_guarded(script: Script, node: SgNode) -> bool:
    """Tell whether a condition around a node, or a variable that it reads, asks for the environment."""
    here = node
    while (above := here.parent()) is not None:
        kind = above.kind()
        if kind in ("if_statement", "ternary_expression") and _asks(script, above.field("condition")):
            return True
        if kind == "binary_expression" and _asks(script, above):
            return True
        here = above
    return False


def _asks(script: Script, condition: SgNode | None) -> bool:
    if condition is None:
        return False
    text = condition.text()
    if _ENVIRONMENT.search(text):
        return True
    names = re.findall(r"[A-Za-z_$][\w$]*", text)
    return any(
        re.search(rf"\bconst\s+{re.escape(name)}\s*=[^;\n]*(?:NODE_ENV|import\.meta\.env|__DEV__)", script.text)
        for name in names
    )


RULE: Rule[Script] = Rule(
    id="devtools-in-production",
    language="web",
    kind="object",
    severity="warning",
    check=_check,
)
