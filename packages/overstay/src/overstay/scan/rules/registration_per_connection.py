"""Each client registers something with an object of the whole program, and nothing takes it out again."""

import ast
from collections.abc import Iterator, Mapping

from overstay.scan.python.module import FunctionNode
from overstay.scan.python.paths import last_name
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_REMOVERS: Mapping[str, tuple[str, ...]] = {
    "addHandler": ("removeHandler",),
    "addFilter": ("removeFilter",),
    "add_signal_handler": ("remove_signal_handler",),
    "add_listener": ("remove_listener", "remove_all_listeners", "off"),
    "add_observer": ("remove_observer",),
    "add_callback": ("remove_callback",),
    "add_event_handler": ("remove_event_handler",),
    "subscribe": ("unsubscribe",),
    "add_reader": ("remove_reader",),
}
_OF_THE_PROGRAM: Mapping[str, tuple[str, ...]] = {
    "atexit.register": ("unregister",),
    "signal.signal": (),
    "loguru.logger.add": ("remove",),
    "sys.settrace": (),
    "gc.callbacks.append": ("remove",),
}


def check(unit: Unit) -> Iterator[Match]:
    """Yield the registrations of code that runs for each client, where the module never takes one out."""
    module = unit.module
    names = {name.rpartition(".")[2] for name in _OF_THE_PROGRAM} | _REMOVERS.keys()
    for call in module.calls(*names):
        removers = _removers(call, unit)
        if removers is None or not _is_at_a_client(call, unit) or _is_own(call, unit) or _is_once(call, unit):
            continue
        if not any(_mentioned(name, unit) for name in removers) and not _returns_removal(call, unit):
            yield module.match(call, call=ast.unparse(call.func))


def _is_at_a_client(call: ast.Call, unit: Unit) -> bool:
    """Tell whether a handler, or an object that is made with a client in its hands, registers something itself.

    What they only reach is often done once, however often it is called.
    """
    function = unit.project.function_around(unit.module, call)
    if function is None or not unit.project.sessions.runs_per_client(call, unit.module):
        return False
    init = function.owner.methods.get("__init__") if function.owner else None
    return any(unit.project.sessions.is_handler(each) for each in (function, init) if each is not None)


def _removers(call: ast.Call, unit: Unit) -> tuple[str, ...] | None:
    """Return the methods that undo a registration; None where a call is none."""
    name = unit.module.resolve(call.func)
    if any(last_name(each) in ("SIG_IGN", "SIG_DFL") for each in call.args):
        return None
    if name in _OF_THE_PROGRAM:
        return _OF_THE_PROGRAM[name]
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    if "loop" in name.lower() and call.func.attr == "add_callback":
        return None  # of an event loop, that runs it once
    is_callback = any(isinstance(each, ast.Name | ast.Attribute | ast.Lambda) for each in call.args)
    return _REMOVERS.get(call.func.attr) if is_callback or call.func.attr == "addHandler" else None


def _is_once(call: ast.Call, unit: Unit) -> bool:
    """Tell whether a condition of the form `if not …` stands around a registration: it is done once."""
    for above in unit.module.ancestors(call):
        if isinstance(above, ast.If) and isinstance(above.test, ast.UnaryOp) and isinstance(above.test.op, ast.Not):
            return True
        if isinstance(above, FunctionNode):
            return False
    return False


def _is_own(call: ast.Call, unit: Unit) -> bool:
    """Tell whether what is registered with is made by the same function or session, and ends with it."""
    if not isinstance(call.func, ast.Attribute):
        return False
    thing = call.func.value
    function = unit.project.function_around(unit.module, call)
    if isinstance(thing, ast.Name) and function is not None and thing.id in function.bindings:
        values = function.bindings[thing.id]
        return not any("getLogger" in ast.unparse(each) for each in values)
    owner = unit.project.types.of(thing, unit.module)
    if owner is not None:
        return unit.project.sessions.is_session_class(owner)
    return isinstance(thing, ast.Attribute) and last_name(thing.value) == "self" and not _is_given(thing, unit)


def _is_given(thing: ast.Attribute, unit: Unit) -> bool:
    """Tell whether an attribute holds something that the object was given, and did not make."""
    around = unit.project.class_around(unit.module, thing)
    values = around.attributes.get(thing.attr, []) if around else []
    return any(isinstance(each, ast.Name | ast.Attribute) for each in values)


def _mentioned(name: str, unit: Unit) -> bool:
    return bool(unit.module.attributes(name)) or bool(unit.module.calls(name))


def _returns_removal(call: ast.Call, unit: Unit) -> bool:
    """Tell whether the result, which removes the registration in many libraries, is kept."""
    return not isinstance(unit.module.parent(call), ast.Expr) and last_name(call.func) not in ("addHandler", "register")


RULE = Rule("registration-per-connection", "python", "object", "severe", check)
