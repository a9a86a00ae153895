"""The census: what is in memory, and what holds it. Answers two questions of the control channel.

`lengths` says how long every container is, and what long-lived places refer to, so that the tool can tell which ones
grow; `trace` says what holds those, and the session objects of ended sessions that are still there.
"""

import gc
import sys
from collections.abc import Callable
from typing import Any

from overstay_probe import _canary, _site, _trouble
from overstay_probe._ledger import ledger
from overstay_probe._types import is_a, module_of
from overstay_probe.census import containers, places, roots, snapshot, traces
from overstay_probe.census.containers import measure, measure_anew
from overstay_probe.census.graph import Graph, kept_by
from overstay_probe.holdings import objects

__all__ = ["lengths", "trace"]
_MOST_CONTAINERS = 200
_BATCH = 10_000
_WHAT = "memory"


def lengths(max_pause_ms: float) -> snapshot.Answer:
    """Return address and length of every container that has some elements, under `lengths`.

    Under `places`: key and length of what each place refers to, with its address.
    """
    return _guarded(lambda: _take_lengths(max_pause_ms))


def trace(grown: list[int | str], max_pause_ms: float) -> snapshot.Answer:
    """Return what holds these containers and the ended sessions' objects, under `held`, with the sites it names.

    `grown` are addresses of containers and keys of places, as `lengths` gave them.
    """
    return _guarded(lambda: _take_traces(grown, max_pause_ms))


def _guarded(take: Callable[[], snapshot.Answer]) -> snapshot.Answer:
    """Return what a look tells. One that fails is told and not tried again; it costs nothing but itself."""
    answer = snapshot.skipped()
    if _trouble.is_armed(_WHAT):
        try:
            answer = take()
        except Exception as error:  # objects may be stranger than we know
            _trouble.disarm(_WHAT, error)
        finally:
            containers.forget()
    return answer


def _take_lengths(max_pause_ms: float) -> snapshot.Answer:
    def look(most: int) -> dict[str, Any]:
        tracked = gc.get_objects()
        found = containers.lengths(tracked, _ours())
        followed = places.lengths(tracked, is_copy=most == sys.maxsize)
        return {"lengths": found, "places": followed, "objects": len(tracked)}

    kept = roots.thread_locals()  # held until the child has been made
    answer = snapshot.of(look, max_pause_ms)
    kept.clear()
    return answer


def _take_traces(grown: list[int | str], max_pause_ms: float) -> snapshot.Answer:
    given, opened = ledger.given, set(ledger.open) | set(_canary.sessions)
    targets = [
        traces.Target(thing, owned.session, owned.role)
        for owned, thing in objects.survivors()
        if owned.session <= given and owned.session not in opened
    ]
    stacks = [*roots.stacks(), *roots.thread_locals()]
    wanted = frozenset(grown[:_MOST_CONTAINERS])
    return snapshot.of(lambda most: _trace(targets, wanted, stacks, most), max_pause_ms)


def _trace(
    targets: list[traces.Target], wanted: frozenset[int | str], stacks: list[roots.Root], most: int
) -> dict[str, Any]:
    things = gc.get_objects()
    holders = {key: int(key.partition(" ")[0]) for key in wanted if type(key) is str}
    at = _at(frozenset(key for key in wanted if type(key) is int) | frozenset(holders.values()), things)
    grown = [thing for key, thing in at.items() if key in wanted and measure(type(thing)) is not None]
    groups = list(roots.groups(stacks))
    leaves = {id(target.thing) for target in targets}
    graph = _reached(groups, leaves, most)
    by_start = {id(root.thing): root for group in groups for root in group}
    paths = [(target, graph.path(target.thing)) for target in targets]
    found = [traces.Trace(target, by_start[id(path[0])], path) for target, path in paths if path]
    graph.reach([trace.target.thing for trace in found])  # what only they refer to is told with them
    beyond: list[traces.Trace] = []
    if graph.is_whole:
        ours = frozenset(map(id, (targets, stacks, things)))
        lost = [target for target in targets if id(target.thing) not in graph.parents]
        lost += [traces.Target(thing) for thing in grown if id(thing) not in graph.parents]
        outside = traces.outside(lost, graph, things, ours)
        found += [trace for trace in outside if trace.target.role]
        beyond = [trace for trace in outside if not trace.target.role]
    paths = [(thing, graph.path(thing)) for thing in grown]
    growing = [traces.Trace(traces.Target(thing), by_start[id(path[0])], path) for thing, path in paths if path]
    for place, address in holders.items():
        if address in at and (path := _way_to(place, at[address], graph, by_start)):
            growing.append(traces.Trace(traces.Target(path[-1], key=place), by_start[id(path[0])], path))
    held = traces.held_by(found, growing + beyond)
    cuts = [each.cut for each in held]
    alone = _reached(groups, {id(thing) for cut in cuts for thing in cut} | leaves, most).parents
    without = {key for key in alone if key not in leaves} - {id(thing) for cut in cuts for thing in cut}
    kept = [kept_by(cut, without) for cut in cuts]
    shares: dict[int, int] = {}
    for sizes in kept:
        for key in sizes:
            shares[key] = shares.get(key, 0) + 1
    told = [traces.told(each, sizes, shares) for each, sizes in zip(held, kept, strict=True)]
    numbers = {each["via"]["site"] for each in told if each["via"]}
    sites = {str(number): _site.described_site(site) for number in numbers if (site := _site.numbered(number))}
    return {"held": told, "sites": sites, "objects": len(graph.parents), "is_whole": graph.is_whole}


def _reached(groups: list[list[roots.Root]], leaves: set[int], most: int) -> Graph:
    stops = [id(names) for names in roots.module_namespaces().values()]
    stops += [id(loop) for loop in ledger.loops]
    # What a session left running holds its own things; the way over it is told only where there is no other.
    stops += [id(root.thing) for group in groups for root in group if root.is_left]
    graph = Graph(stops, most)
    for group in groups:
        graph.reach([root.thing for root in group], leaves)
    return graph


def _way_to(place: str, holder: Any, graph: Graph, by_start: dict[int, roots.Root]) -> list[Any]:
    """Return the objects from a root down to what a place refers to; empty where there is nothing any more."""
    value = places.value_at(holder, place.partition(" ")[2])
    above = graph.path(holder) or [holder] * (id(holder) in by_start)
    return [*above, *places.way_to(holder, value)] if above and measure_anew(type(value)) is not None else []


def _at(addresses: frozenset[int], tracked: list[Any]) -> dict[int, Any]:
    """Return what is at these addresses."""
    if not addresses:
        return {}
    found = {id(thing): thing for thing in tracked if id(thing) in addresses}
    for start in range(0, len(tracked), _BATCH):
        if len(found) == len(addresses):
            break
        found |= {
            id(each): each for each in gc.get_referents(*tracked[start : start + _BATCH]) if id(each) in addresses
        }
    return found


def _ours() -> frozenset[int]:
    """Return the addresses of the probe's own tables."""
    tables = [names for name, names in roots.module_namespaces().items() if roots.is_ours(name)]
    inner = [thing for thing in gc.get_referents(*tables) if measure(type(thing)) or not is_a(thing, type)]
    tables += [each for each in gc.get_referents(*inner) if type(each) in (dict, list, set)]
    deeper = gc.get_referents(*(thing for thing in inner if module_of(type(thing)).startswith("overstay_probe")))
    return frozenset(map(id, (*tables, *inner, *deeper, *gc.get_referents(*deeper))))
