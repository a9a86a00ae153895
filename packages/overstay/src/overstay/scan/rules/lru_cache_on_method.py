"""`functools.lru_cache` or `cache` on a method: the cache is the class's and keeps every object it was called on.

Found by ruff (B019); that of a class of which there is one object for all clients keeps nothing of a client.
"""

from collections.abc import Iterator
from dataclasses import replace

from overstay.scan.python.module import FunctionNode
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule


def check(unit: Unit) -> Iterator[Match]:
    """Yield the methods that are cached with their `self`."""
    module, project = unit.module, unit.project
    for lint in unit.lints("B019"):
        node = unit.node_at(lint)
        method = (
            next((each for each in module.ancestors(node) if isinstance(each, FunctionNode)), None) if node else None
        )
        owner = project.class_around(module, node) if node else None
        if owner is None or not project.sessions.is_shared(owner):
            match = unit.match_at(lint)
            yield replace(match, function=module.name_of(method)) if method else match


RULE = Rule("lru-cache-on-method", "python", "object", "warning", check)
