"""Tasks are kept in a set or list that outlives them, and finished ones are never taken out."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.containers import Change, Container
from overstay.scan.python.definitions import Class
from overstay.scan.python.lifetimes import is_long_lived
from overstay.scan.python.tasks import is_task_start
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_ONCE = re.compile(r"init|start|set_?up|run$|main|lifespan|connect|open|launch", re.IGNORECASE)

_CLOSERS = frozenset(
    ("close", "aclose", "stop", "shutdown", "disconnect", "cleanup", "teardown", "__aexit__", "__exit__", "on_shutdown")
)


def check(unit: Unit) -> Iterator[Match]:
    """Yield the places that put a task into a container from which nothing takes the finished ones."""
    for container in unit.project.containers:
        if container.module is not unit.module or _is_emptied(container, unit):
            continue
        for change in container.fills:
            if _puts_task(change) and not _is_once(change) and not isinstance(change.key, ast.Constant):
                yield change.module.match(change.node, name=str(container))


def _is_emptied(container: Container, unit: Unit) -> bool:
    """Tell whether finished tasks leave: anywhere at all, or at the end of a session that the container ends with."""
    running = [each for each in container.empties if not each.function or each.function.name not in _CLOSERS]
    if running or (container.empties and not is_long_lived(container, unit.project)):
        return True
    owner = container.owner
    return isinstance(owner, Class) and unit.project.sessions.is_session_class(owner)


def _puts_task(change: Change) -> bool:
    value = change.value
    if isinstance(value, ast.Name) and change.function is not None:
        bound = change.function.bindings.get(value.id, [])
        return any(is_task_start(each, change.module) for each in bound)
    return value is not None and is_task_start(value, change.module)


def _is_once(change: Change) -> bool:
    return change.function is None or _ONCE.search(change.function.name) is not None


RULE = Rule("task-set-without-discard", "python", "container", "warning", check)
