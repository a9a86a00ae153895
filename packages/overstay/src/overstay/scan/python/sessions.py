"""Which code runs for each client, and which objects all clients share.

A session begins in a handler: a function that is given a connection or a request, that is registered for a route or an
event, or whose parameter identifies a client. What a handler can reach runs for each client. An object that such code
makes is the session's own, unless it is kept where a second client finds it; what starting code makes is shared.
"""

import ast
import re
from typing import TYPE_CHECKING

from overstay.scan.python.definitions import Class, Function
from overstay.scan.python.module import Module

if TYPE_CHECKING:
    from overstay.scan.python.model import Project

_CONNECTIONS = frozenset(
    (
        *("WebSocket", "WebSocketServerProtocol", "ServerConnection", "WebSocketConnection", "StreamWriter"),
        *("Request", "HTTPConnection", "WebSocketResponse", "HttpRequest"),
    )
)
_IDENTITIES = re.compile(
    r"^(websocket|web_socket|ws|client|client_ws|(client|session|connection|conn|peer|socket)_?(uid|uuid|id|key)|sid)$"
)
_PLAIN = frozenset(("str", "int", "bytes", "object", "Any", "Optional"))
_TRIPLES = (frozenset(("reader", "writer")), frozenset(("scope", "receive", "send")))
_ROUTING = frozenset(
    ("get", "post", "put", "patch", "delete", "route", "api_route", "websocket", "websocket_route", "sse")
)
_EVENTS = frozenset(
    ("on", "event", "on_event", "on_connect", "on_disconnect", "on_message", "on_chat_start", "on_chat_end")
)
_REGISTERING = frozenset(
    (
        *("Route", "WebSocketRoute", "add_route", "add_websocket_route", "add_api_route", "add_api_websocket_route"),
        *("add_get", "add_post", "add_put", "add_delete", "start_server", "start_unix_server", "serve", "unix_serve"),
        *("create_server", "create_unix_server"),
    )
)
_OF_ONE_CLIENT = re.compile(r"(Endpoint|Consumer|RequestHandler|WebSocketHandler|View|Protocol)$")
_STARTING = frozenset(("startup", "shutdown"))
_LEAVING = re.compile(
    r"disconnect|close|cleanup|clean_up|teardown|tear_down|leave|_left|on_end|stop|release|unregister|unsubscribe|expire|"
    r"evict|purge|prune|sweep|remove|forget|__a?exit__|connection_lost|finish|reset|clear|shutdown|__del__|discard|end_"
)
_STARTING_NAME = re.compile(r"main|create|make|build|start|setup|init|lifespan|app|routes|run|serve|load")
_ONCE = re.compile(
    r"(?!__)_*(ensure|set_?up|init(ialize)?|configure|install|bootstrap|main|instance|get_(\w+_)?logger)(_|$)"
)
"""Names of functions that do something the first time only, whoever calls them."""
_SINGLE = ("functools.lru_cache", "functools.cache", "functools.lru_cache()", "functools.cached_property")


class Sessions:
    """Answers for one project."""

    def __init__(self, project: "Project") -> None:
        self._project = project
        self._edges: dict[Function, set[Function]] = {each: set() for each in project.functions}
        self._made: dict[Class, list[tuple[Module, ast.Call]]] = {}
        self._handed_over: set[Function] = set()
        for module in project.modules:
            for call in module.of(ast.Call):
                self._note(call, module)
        self._per_client = self._reachable({each for each in project.functions if self.is_handler(each)})
        self._session_classes: dict[Class, bool] = {}
        self._shared: dict[Class, bool] = {}

    def _note(self, call: ast.Call, module: Module) -> None:
        project = self._project
        caller = project.function_around(module, call)
        targets = set(project.callees(call, module))
        made = project.target(call.func, module)
        if isinstance(made, Class):
            self._made.setdefault(made, []).append((module, call))
            targets -= targets if self.is_single(module, call) else set()  # made by the first client, for all of them
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            if isinstance(argument, ast.Name | ast.Attribute):
                target = project.target(argument, module)
                if isinstance(target, Function):
                    targets.add(target)
                    if module.resolve(call.func).rpartition(".")[2] in _REGISTERING:
                        self._handed_over.add(target)
        if caller is not None:
            self._edges[caller] |= targets

    def _reachable(self, starts: set[Function]) -> set[Function]:
        found: set[Function] = set()
        waiting = list(starts)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self._edges[each]
        return found

    def is_handler(self, function: Function) -> bool:
        """Tell whether a session begins in a function: it is given a client, or registered for what clients do."""
        if function in self._handed_over or _is_routed(function):
            return True
        names = function.parameters
        if any(triple <= names.keys() for triple in _TRIPLES):
            return True
        return any(_is_client(each) for each in names.values()) or (function.is_async and "request" in names)

    def is_per_client(self, function: Function | None) -> bool:
        """Tell whether a function runs once or more for each client."""
        return function is not None and function in self._per_client and not _ONCE.match(function.name)

    def runs_per_client(self, node: ast.AST, module: Module) -> bool:
        """Tell whether a place runs for each client: in a handler's reach, or in an object that each session has."""
        function = self._project.function_around(module, node)
        if function is None:
            return False
        if self._is_of_construction(function):
            return False
        in_session = function.owner is not None and self.is_session_class(function.owner)
        return self.is_per_client(function) or (in_session and not _ONCE.match(function.name))

    def _is_of_construction(self, function: Function) -> bool:
        """Tell whether a method of a shared object runs only when that is made."""
        if function.owner is None or not self.is_shared(function.owner):
            return False
        callers = [each for each, called in self._edges.items() if function in called]
        return all(each.name == "__init__" for each in (callers or [function]))

    def makers(self, owner: Class) -> list[tuple[Module, ast.Call]]:
        """Return the calls that make an instance of a class."""
        return self._made.get(owner, [])

    def is_session_class(self, owner: Class) -> bool:
        """Tell whether each client gets an instance of its own."""
        if owner not in self._session_classes:
            self._session_classes[owner] = False  # for a class whose instances make more of them
            self._session_classes[owner] = self._is_session_class(owner)
        return self._session_classes[owner]

    def _is_session_class(self, owner: Class) -> bool:
        if any(_OF_ONE_CLIENT.search(base) for base in owner.bases):
            return True
        init = owner.methods.get("__init__")
        if init is not None and any(_is_client(each) for each in init.parameters.values()):
            return True
        made = self.makers(owner)
        return any(self._is_made_per_client(*pair) for pair in made if not self.is_single(*pair))

    def _is_made_per_client(self, module: Module, call: ast.Call) -> bool:
        function = self._project.function_around(module, call)
        if function is None:
            return False
        if function.name == "__init__" and function.owner is not None:
            return self.is_session_class(function.owner)
        return self.is_per_client(function)

    def is_single(self, module: Module, call: ast.Call) -> bool:
        """Tell whether what a call makes is kept where the next client finds it: one for all of them."""
        function = self._project.function_around(module, call)
        if function is not None and any(module.resolve(each) in _SINGLE for each in function.node.decorator_list):
            return True
        parent = module.parent(call)
        targets = parent.targets if isinstance(parent, ast.Assign) else [getattr(parent, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and function is not None and target.id in function.globals:
                return True
            if isinstance(target, ast.Attribute) and (
                ".state." in f"{module.resolve(target)}." or _is_of_class(target)
            ):
                return True
        return False

    def is_shared(self, owner: Class) -> bool:
        """Tell whether one instance of a class serves all clients."""
        if owner not in self._shared:
            self._shared[owner] = False
            self._shared[owner] = self._is_shared(owner)
        return self._shared[owner]

    def _is_shared(self, owner: Class) -> bool:
        if self.is_session_class(owner) or _is_plain_data(owner):
            return False
        heirs = self._project.heirs(owner)
        if any(self.is_session_class(each) for each in heirs):
            return False
        made = [pair for each in (owner, *heirs) for pair in self.makers(each)]
        if made:
            return any(self._is_made_once(module, call) for module, call in made)
        return any(self._serves_many(method) for method in owner.methods.values())

    def _is_made_once(self, module: Module, call: ast.Call) -> bool:
        if self.is_single(module, call):
            return True
        function = self._project.function_around(module, call)
        if function is None:
            return True
        if function.owner is not None and not self.is_shared(function.owner):
            return False
        if function.name in ("__init__", "__post_init__"):
            return True
        return not self.is_per_client(function) and self._is_starting(function)

    def _is_starting(self, function: Function) -> bool:
        """Tell whether a function outside of all sessions is named as if it runs when the server starts."""
        return _STARTING_NAME.search(function.name) is not None

    def _serves_many(self, method: Function) -> bool:
        """Tell whether a method is given its client at each call, so that the object is there before any client."""
        if method.name.startswith("__"):
            return False
        return any(_is_client(each) for each in method.parameters.values())

    def is_leaving(self, function: Function | None) -> bool:
        """Tell whether a function's name says that it runs when a client leaves or something is cleaned up."""
        return function is not None and _LEAVING.search(function.name.lower()) is not None


def _is_client(parameter: ast.arg) -> bool:
    names = {each.id if isinstance(each, ast.Name) else each.attr for each in _names_in(parameter.annotation)}
    if parameter.arg == "client" and names - _CONNECTIONS - _PLAIN:
        return False  # the client of an API, as its class says
    return _IDENTITIES.match(parameter.arg) is not None or bool(names & _CONNECTIONS)


def _names_in(annotation: ast.expr | None) -> list[ast.Name | ast.Attribute]:
    return [each for each in ast.walk(annotation) if isinstance(each, ast.Name | ast.Attribute)] if annotation else []


def _is_routed(function: Function) -> bool:
    for decorator in function.node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = function.module.resolve(call.func if call else decorator).rpartition(".")[2]
        first = call.args[0] if call and call.args else None
        text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        if name in _ROUTING and call is not None and text.startswith("/"):
            return True
        if name in _EVENTS and text not in _STARTING:
            return True
    return False


def _is_of_class(target: ast.Attribute) -> bool:
    """Tell whether an attribute is the class's: `cls.x`, or `Name.x` with a class's capital."""
    value = target.value
    return isinstance(value, ast.Name) and (value.id == "cls" or value.id[:1].isupper())


def _is_plain_data(owner: Class) -> bool:
    decorators = {
        owner.module.resolve(each.func if isinstance(each, ast.Call) else each) for each in owner.node.decorator_list
    }
    bases = {base.rpartition(".")[2] for base in owner.bases}
    return bool(
        decorators & {"dataclasses.dataclass", "attrs.define", "attr.s"}
        or bases & {"BaseModel", "TypedDict", "NamedTuple", "Enum"}
    )
