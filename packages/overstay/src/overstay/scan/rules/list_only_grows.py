"""A list that all clients share is added to for each of them, and nothing takes out or limits what is in it."""

from collections.abc import Iterator

from overstay.scan.python.containers import Change, Container
from overstay.scan.python.lifetimes import fills_per_client, is_engine, is_long_lived, is_of_a_conversation, lines_of
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_LISTS = ("list", "deque", "bytes")


def check(unit: Unit) -> Iterator[Match]:
    """Yield the last place that adds to a list without end, or to a list in a table without end."""
    project = unit.project
    for container in project.containers:
        if container.module is not unit.module or container.is_bounded or is_engine(container.owner):
            continue
        if not is_long_lived(container, project):
            continue
        fills = [each for each in fills_per_client(container, project) if _adds_element(each, container)]
        if fills and not any(each.depth <= fills[-1].depth for each in container.empties):
            *others, last = fills
            is_hint = not any(is_of_a_conversation(each) for each in fills)
            yield last.module.match(last.node, *lines_of(others), is_hint=is_hint, name=str(container))


def _adds_element(change: Change, container: Container) -> bool:
    if container.kind in _LISTS:
        return change.depth == 0 and change.is_addition
    return container.kind == "dict" and change.depth == 1 and change.appends and not container.makes_missing


RULE = Rule("list-only-grows", "python", "container", "severe", check)
