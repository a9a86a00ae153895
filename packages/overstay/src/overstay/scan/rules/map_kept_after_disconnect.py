"""Something of each client is put into a table that all clients share, and stays there when the client has left."""

import ast
from collections.abc import Iterator

from overstay.scan.python.containers import Change, Container
from overstay.scan.python.lifetimes import (
    fills_per_client,
    is_engine,
    is_long_lived,
    is_of_a_client,
    lines_of,
    names_a_client,
    only_in_except,
)
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule


def check(unit: Unit) -> Iterator[Match]:
    """Yield the last place that fills a table whose entries are not taken out, or only after some exceptions."""
    project = unit.project
    for container in project.containers:
        if not _is_a_table(container) or container.is_bounded or is_engine(container.owner):
            continue
        if container.module is not unit.module or not is_long_lived(container, project):
            continue
        fills = [each for each in fills_per_client(container, project) if _adds_entry(each, container)]
        fills = [each for each in fills if is_of_a_client(each, project)]
        caught = _caught(container)
        if fills and caught is not None:
            *others, last = fills
            told = [("rule.map-kept-after-disconnect.only-after", {"caught": caught})] if caught else []
            is_hint = not any(names_a_client(each, project) for each in fills)
            yield last.module.match(last.node, *told, *lines_of(others), is_hint=is_hint, name=str(container))


def _is_a_table(container: Container) -> bool:
    """Tell whether entries are put in and taken out one by one; a list from which nothing is taken has its own rule."""
    return container.kind in ("dict", "set") or (container.kind == "list" and bool(container.empties))


def _adds_entry(change: Change, container: Container) -> bool:
    """Tell whether a place makes a new entry; in a defaultdict, looking for one to fill it does."""
    if isinstance(change.module.parent(change.node), ast.AugAssign):
        return False  # a count of things, by the kinds of them
    return change.depth == 0 or (change.depth == 1 and container.makes_missing)


def _caught(container: Container) -> str | None:
    """Return the exceptions after which alone an entry is taken out; empty for never, None where it is always."""
    removals = [each for each in container.empties if each.depth == 0]
    caught = [only_in_except(each) for each in removals]
    return ", ".join(sorted(set(caught))) if all(caught) else None


RULE = Rule("map-kept-after-disconnect", "python", "container", "severe", check)
