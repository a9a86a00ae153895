"""`functools.lru_cache` or `cache` on a method: the cache is the class's and keeps every object it was called on.

Found by ruff (B019).
"""

from collections.abc import Iterator

from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule


def check(unit: Unit) -> Iterator[Match]:
    """Yield the methods that are cached with their `self`."""
    for lint in unit.lints("B019"):
        yield unit.match_at(lint)


RULE = Rule("lru-cache-on-method", "python", "object", "warning", check)
