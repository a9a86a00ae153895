"""An engine that all sessions share is written by them: what it notes of one client stays, or reaches another."""

import ast
from collections.abc import Iterator

from overstay.scan.python.definitions import Class, Function, own_attribute
from overstay.scan.python.lifetimes import fills_per_client, is_engine, names_a_client, names_client
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule


def check(unit: Unit) -> Iterator[Match]:
    """Yield the places where a shared engine keeps something for a client: in a container, or in an attribute."""
    project = unit.project
    for container in project.containers:
        owner = container.owner
        if container.module is not unit.module or not isinstance(owner, Class) or container.is_bounded:
            continue
        if is_engine(owner) and project.sessions.is_shared(owner) and not container.empties:
            fills = [each for each in fills_per_client(container, project) if not isinstance(each.key, ast.Constant)]
            if fills:
                is_hint = not any(names_a_client(each, project) for each in fills)
                yield fills[-1].module.match(fills[-1].node, is_hint=is_hint, name=str(container))
    for owner in project.classes:
        if owner.module is unit.module and is_engine(owner) and project.sessions.is_shared(owner):
            for method in owner.methods.values():
                yield from _written(method, owner, unit)


def _written(method: Function, owner: Class, unit: Unit) -> Iterator[Match]:
    """Yield the attributes that a method gives what a client brought: the next client finds it there."""
    if method.name.startswith("__") or not unit.project.sessions.is_per_client(method):
        return
    brought = set(method.parameters) - {"self"}
    for node in method.nodes:
        if not isinstance(node, ast.Assign | ast.AugAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [name for each in targets if (name := own_attribute(each))]
        used = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
        if names and used & brought:
            is_hint = not any(names_client(each) for each in used & brought)
            yield unit.module.match(node, is_hint=is_hint, name=f"{owner.name}.{names[0]}")


RULE = Rule("shared-engine-written", "python", "container", "warning", check, suspect=6)
