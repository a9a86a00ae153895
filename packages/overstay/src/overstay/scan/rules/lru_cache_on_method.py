"""`functools.lru_cache` or `cache` on a method: the cache is the class's and keeps every object it was called on.

Found by ruff (B019); the caches of objects that the server makes for itself keep nothing of a client.
"""

from collections.abc import Iterator
from dataclasses import replace

from overstay.scan.python.definitions import Class
from overstay.scan.python.module import FunctionNode
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule


def check(unit: Unit) -> Iterator[Match]:
    """Yield the methods that are cached with their `self`."""
    module, project = unit.module, unit.project
    for lint in unit.lints("B019"):
        method = next((each for each in module.functions if _is_decorated_at(each, lint.line)), None)
        owner = project.class_around(module, method) if method else None
        if method is not None and (owner is None or _may_be_many(owner, unit)):
            yield replace(unit.match_at(lint), function=module.name_of(method))


def _may_be_many(owner: Class, unit: Unit) -> bool:
    """Tell whether each client may have an object of a class: it does, or nobody is seen to make one."""
    sessions = unit.project.sessions
    return sessions.is_session_class(owner) or not (sessions.makers(owner) or sessions.is_shared(owner))


def _is_decorated_at(function: FunctionNode, line: int) -> bool:
    return any(each.lineno == line for each in function.decorator_list)


RULE = Rule("lru-cache-on-method", "python", "object", "warning", check, is_hint=True)
