"""From a root down to the thing: traces of what stayed, one for each distinct shape, with what it keeps."""

import asyncio
import atexit
import functools
import gc
import sys
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from types import CellType, FrameType, FunctionType, MethodType
from typing import Any

from overstay_probe._ledger import ledger
from overstay_probe._site import APPLICATION, absolute, rank_of, rank_of_path
from overstay_probe._types import is_a, is_heap_type, module_of, mro, name_of, names_in, qualified, read
from overstay_probe.census.containers import measure_anew
from overstay_probe.census.graph import Graph
from overstay_probe.census.names import LRU, Step, is_index, is_state, step
from overstay_probe.census.roots import Root
from overstay_probe.holdings import tasks, timers

OUTSIDE = "outside Python"
"""The root of what only something in C refers to."""
_WEAK = frozenset(("weakref.WeakValueDictionary", "weakref.WeakKeyDictionary", "_weakrefset.WeakSet"))
_MOST_REFERENCES = 24
_ROLES = ("connection", "protocol", "transport", "scope", "task")


class Target:
    """Something to trace: a session object, or a container that grows; `key` is by what the tool knows that."""

    __slots__ = ("key", "role", "session", "thing")

    def __init__(self, thing: Any, session: int = 0, role: str = "", key: str = "") -> None:
        self.thing = thing
        self.session = session
        self.role = role
        self.key = key or id(thing)


class Trace:
    """The way from a root to one target."""

    def __init__(self, target: Target, root: Root, path: Sequence[Any]) -> None:
        self.target = target
        self.root = root
        self.path = path
        self.steps: list[tuple[int, Step]] = []
        at = 0
        while at < len(path) - 1:
            if at == 0 and type(path[0]) is dict and root.name.startswith(("module", "thread")):
                found = _variable(path, root)
            else:
                found = step(path[at:])
            self.steps.append((at, found))
            at += max(found.length, 1)

    def references(self, owner: int) -> list[dict[str, Any]]:
        """Return one line a reference, elements of a container joined to it; `owner` is the index in the path."""
        lines: list[dict[str, Any]] = []
        carried = False
        for at, found in self.steps:
            is_owner = at <= owner < at + found.length
            if not lines and is_index(found):
                carried |= is_owner  # an element of the root itself: the next line says what it is
            elif lines and is_index(found):
                lines[-1]["text"] += found.text
                lines[-1]["shape"] += found.shape
                lines[-1]["owner"] |= is_owner
            elif lines and lines[-1]["shape"] == found.shape:
                lines[-1]["owner"] |= is_owner  # a chain of equal links is told once
            else:
                lines.append({"text": found.text, "shape": found.shape, "owner": is_owner or carried})
                carried = False
        if len(lines) > _MOST_REFERENCES:
            half = _MOST_REFERENCES // 2
            more = f"… {len(lines) - 2 * half} more references"
            lines[half:-half] = [{"text": more, "shape": "…", "owner": False}]
        return lines

    @property
    def shape(self) -> tuple[str, ...]:
        """Return root and references without keys and numbers; of a chain of equal ones, one."""
        shapes = [self.root.shape]
        for _, found in self.steps:
            if found.shape != shapes[-1] or is_index(found):
                shapes.append(found.shape)
        return tuple(shapes)

    def before_chain(self, owner: int) -> int:
        """Return the reference that leads to a chain of exceptions, where `owner` is within one."""
        for at, found in reversed(self.steps):
            if at <= owner and (found.pin != "exception-traceback" or at == 0):
                return at
        return owner

    def pin(self, owner: int) -> str | None:
        """Return the most telling rule that a reference of the trace is a case of, from the owner on."""
        while owner > 0 and any(at == owner and is_index(found) for at, found in self.steps):
            owner -= 1  # an element belongs to the attribute before it
        pins = [found.pin for at, found in self.steps if found.pin and at + found.length > owner]
        if pins and pins[-1] == "bound-method" and len(pins) > 1:
            pins.pop()
        return pins[-1] if pins else None


def _variable(path: Sequence[Any], root: Root) -> Step:
    for name, value in path[0].items():
        if value is path[1]:
            text = f".{name}" if root.name.startswith(("module", "thread-local")) else f"local {name}"
            return Step(text, text, 1, str(name))
    return step(path)


def owner_of(traces: Sequence[Trace]) -> int:
    """Return the index, in the first trace's path, of the reference that should not be there.

    That is the one below the last object that all these traces of different sessions have in common; of a single
    trace, the first element of a container, else the last attribute before what is known to keep things.
    """
    first = traces[0]
    sessions = {trace.target.session for trace in traces}
    if len(sessions) > 1:
        common = 0
        while all(
            common < len(trace.path) and trace.path[common] is first.path[common] for trace in traces
        ) and common < len(first.path):
            common += 1
        return first.before_chain(max(common - 1, 0))
    pinned = next((at for at, found in first.steps if found.pin), len(first.path))
    elements = [at for at, found in first.steps if is_index(found) and at < pinned]
    named = [at for at, found in first.steps if found.name and at < pinned]
    return (elements[:1] or named[-1:] or [0])[0]


class Held:
    """What is held at one shape: the traces of its targets, a representative first, and where the owner is among them.

    `cut` are the objects below the owner: without that reference they would be gone.
    """

    def __init__(self, traces: Sequence[Trace], owner: int) -> None:
        self.traces = sorted(traces, key=_telling)
        self.owner = owner
        self.containers: dict[int | str, Any] = {}
        first = self.traces[0]
        self.lines = first.references(owner)
        if first.target.role == "scope" and self.lines[-1]["shape"].endswith("[*]"):
            for part in ("text", "shape"):  # the mark that the door put into the scope is nobody's
                self.lines[-1][part] = self.lines[-1][part].rpartition("[")[0]
            if self.lines[-1]["shape"] == ".scope" and len(self.lines) > 1:
                self.lines[-2]["owner"] |= self.lines.pop()["owner"]  # the library's request, of which it is a part

    @property
    def key(self) -> tuple[str, ...]:
        """Return the shape down to the owner."""
        shapes: list[str] = []
        for line in self.lines:
            shapes.append(line["shape"])
            if line["owner"]:
                break
        return self.traces[0].root.shape, *shapes

    @property
    def cut(self) -> list[Any]:
        """Return the objects that the owner refers to, of every trace."""
        if not self.traces[0].target.role:
            return list(self.containers.values())
        cut = []
        for trace in self.traces:
            ends = [at + found.length for at, found in trace.steps if at <= self.owner < at + found.length]
            cut.append(trace.path[min(ends[0] if ends else len(trace.path) - 1, len(trace.path) - 1)])
        return cut

    def named(self) -> list[tuple[str, str, str]]:
        """Return the variable or attribute that holds, what has it, and its source file; the application's own.

        After it those of libraries below it, innermost first: what the application only has, a library may fill.
        """
        first = self.traces[0]
        found = [[("", first.root.name, first.root.file)]]
        for at, each in first.steps:
            if each.name and at <= self.owner:
                found.append([(each.name, *home) for home in _homes(first.path[at], first.root, at)])
        below: list[tuple[str, str, str]] = []
        for names in reversed(found):
            own = [each for each in names if each[2] and rank_of_path(each[2]) == APPLICATION]
            if own:
                return [own[0], *below, *names]
            below += names
        registered = list(filter(None, map(_registered, first.path)))
        return [names for names in registered if rank_of_path(names[2]) == APPLICATION][:1] or below


def _registered(thing: Any) -> tuple[str, str, str] | None:
    """Return name, qualified name and source file of a function that is held: where it is registered is near."""
    if is_a(thing, functools.partial) or qualified(type(thing)) == "weakref.finalize._Info":
        thing = read(thing, "func")
    function = thing.__func__ if type(thing) is MethodType else thing
    if type(function) is not FunctionType:
        return None
    code = function.__code__
    maker, is_inner, _ = code.co_qualname.partition(".<locals>")
    return maker if is_inner else code.co_name, code.co_qualname, absolute(code.co_filename)


def _telling(trace: Trace) -> tuple[int, int, str]:
    role = _ROLES.index(trace.target.role) if trace.target.role in _ROLES else 0
    return len(trace.references(0)), role, "".join(found.shape for _, found in trace.steps)


def _homes(thing: Any, root: Root, at: int) -> list[tuple[str, str]]:
    """Return the qualified name and the source file of what has an attribute or a variable, base classes last."""
    if (at == 0 and type(thing) is dict) or is_state(thing):
        return [(root.name, root.file)]
    code = None
    if type(thing) is LRU:
        thing = read(thing, "__wrapped__")
    for name in ("cr_code", "gi_code", "ag_code", "__code__", "f_code"):
        code = code or (None if is_heap_type(type(thing)) else read(thing, name))
    if code is not None:
        return [(code.co_qualname, absolute(code.co_filename))]
    order = mro(thing if is_a(thing, type) else type(thing))
    return [(qualified(owner), _file_of(owner)) for owner in order if owner is order[0] or is_heap_type(owner)]


def _file_of(owner: type) -> str:
    file = (names_in(sys.modules.get(module_of(owner))) or {}).get("__file__")
    return absolute(file) if type(file) is str and file else ""


def held_by(traces: Iterable[Trace], containers: Iterable[Trace]) -> list[Held]:
    """Return what is held, one for each shape down to the owner; of nested containers the outermost."""
    by_shape: dict[tuple[str, ...], list[Trace]] = {}
    for trace in traces:
        by_shape.setdefault(trace.shape, []).append(trace)
    merged: dict[tuple[str, ...], list[Held]] = {}
    for group in by_shape.values():
        held = Held(group, owner_of(group))
        merged.setdefault(held.key, []).append(held)
    found = [_merged(parts) for parts in merged.values()]
    return found + _growing(list(containers), found)


def _merged(parts: list[Held]) -> Held:
    """Return one for several session objects that the same reference keeps, told by the most telling of them."""
    best = min(parts, key=lambda held: _telling(held.traces[0]))
    best.traces += [trace for part in parts if part is not best for trace in part.traces]
    return best


def _growing(containers: list[Trace], found: list[Held]) -> list[Held]:
    on_path: dict[int, Held] = {id(thing): held for held in found for trace in held.traces for thing in trace.path}
    growing = {id(trace.target.thing) for trace in containers}
    by_shape: dict[tuple[str, ...], list[Trace]] = {}
    # What is also followed by its place, the last of the two, had another address before.
    for trace in {id(trace.target.thing): trace for trace in containers}.values():
        thing = trace.target.thing
        if id(thing) in on_path:
            on_path[id(thing)].containers[trace.target.key] = thing
        elif not any(id(above) in growing for above in trace.path[:-1]):
            by_shape.setdefault(trace.shape, []).append(trace)
    grown = []
    for group in by_shape.values():
        held = Held(group, len(group[0].path) - 2)
        held.containers = {trace.target.key: trace.target.thing for trace in group}
        grown.append(held)
    return grown


def told(held: Held, kept: dict[int, int], shares: dict[int, int]) -> dict[str, Any]:
    """Return what is held as plain data; `shares` says by how many an object is kept."""
    first = held.traces[0]
    sessions = sorted({trace.target.session for trace in held.traces if trace.target.session})
    roles: dict[str, int] = {}
    for trace in held.traces:
        if trace.target.role:
            roles[trace.target.role] = roles.get(trace.target.role, 0) + 1
    container = next(iter(held.containers.values()), None)
    return {
        "shape": "/".join((first.root.shape, *(line["shape"] for line in held.lines))),
        "root": first.root.name,
        "references": held.lines,
        "names": held.named(),
        "containers": list(held.containers),
        "length": sum(_length(thing) for thing in held.containers.values()),
        "kind": qualified(type(container if container is not None else first.target.thing)),
        "sessions": sessions,
        "roles": roles,
        "via": via(held) or (_via_elements(container) if not sessions else None),
        "pin": _pin(held, sessions),
        "bound": _bound(first, container),
        "bytes": sum(size // max(shares.get(key, 1), 1) for key, size in kept.items()),
        "objects": len(kept),
    }


def _length(thing: Any) -> int:
    how = measure_anew(type(thing))
    return how[0](thing) if how else 0


def via(held: Held) -> dict[str, Any] | None:
    """Return the holding of an ended session that the traces pass through, None where there is none."""
    found: dict[tuple[str, int], set[int]] = {}
    for trace in held.traces:
        for holding in (_holding_of(trace.root), *map(_holding, trace.path[:-1])):
            if holding is not None and holding[1] not in ledger.open:
                kind, session, site = holding
                found.setdefault((kind, site), set()).add(session)
                break
    if not found:
        return None
    (kind, site), sessions = max(found.items(), key=lambda item: len(item[1]))
    return {"kind": kind, "site": site, "sessions": sorted(sessions)}


def _via_elements(container: Any) -> dict[str, Any] | None:
    """Return the holding that most elements of a container are, such as a set of running tasks."""
    if is_a(container, dict):
        elements = [*dict.values(container), *dict.keys(container)]
    else:
        elements = list.copy(container) if is_a(container, list) else gc.get_referents(container)
    found: dict[tuple[str, int], set[int]] = {}
    for element in elements:
        holding = _holding(element)
        if holding is not None and holding[1] not in ledger.open:
            found.setdefault((holding[0], holding[2]), set()).add(holding[1])
    if not found or sum(map(len, found.values())) * 2 < _length(container):
        return None
    (kind, site), sessions = max(found.items(), key=lambda item: len(item[1]))
    return {"kind": kind, "site": site, "sessions": sorted(sessions)}


def _holding_of(root: Root) -> tuple[str, int, int] | None:
    """Return what a thread's stack is a holding of; a task and a timer are their own."""
    if root.held is None or not root.name.startswith("thread"):
        return None
    return "thread", root.held[0], root.held[1].number


def _holding(thing: Any) -> tuple[str, int, int] | None:
    """Return kind, session and site of a task, timer or thread that a session has set going and that goes on."""
    if is_a(thing, asyncio.Task) and not asyncio.Task.done(thing):
        session = tasks.session_of(thing)
        return ("task", session, tasks.site_of(thing).number) if session else None
    if name_of(type(thing)) == "TimerHandle" and (kept := timers.held(thing)):
        return "timer", kept[0], kept[1].number
    if is_a(thing, threading.Thread) and threading.Thread.is_alive(thing):
        kept = read(thing, "overstay_held")
        return ("thread", kept[0], kept[1].number) if kept else None
    return None


def _pin(held: Held, sessions: list[int]) -> str | None:
    first = held.traces[0]
    if first.root.name == OUTSIDE:
        return "atexit" if atexit._ncallbacks() >= max(len(sessions), 2) else None  # noqa: SLF001 - the only way to know
    pin = first.pin(held.owner)
    if pin is None and not sessions and held.containers:
        shared = next((first.path[at] for at, each in reversed(first.steps) if each.name), None)
        owner = type(shared)
        is_instance = shared is not None and not is_a(shared, type) and not is_a(shared, dict) and is_heap_type(owner)
        if is_instance and rank_of(names_in(sys.modules.get(module_of(owner))) or {}) == APPLICATION:
            return "shared-object"
    return pin


def _bound(trace: Trace, container: Any) -> dict[str, Any] | None:
    if is_a(container, deque) and deque.maxlen.__get__(container) is not None:
        return {"what": "maxlen", "size": deque.maxlen.__get__(container)}
    for thing in trace.path:
        if type(thing) is LRU and LRU.cache_info(thing).maxsize is not None:
            return {"what": "maxsize", "size": LRU.cache_info(thing).maxsize}
        names = set(map(qualified, mro(type(thing))))
        if names & _WEAK:
            return {"what": "weak", "size": 0}
        if container is not None and "concurrent.futures.thread.ThreadPoolExecutor" in names:
            size = read(thing, "_max_workers")
            if type(size) is int and read(thing, "_threads") is container:
                return {"what": "max_workers", "size": size}
        size = read(thing, "_maxsize") if "asyncio.queues.Queue" in names else None
        if type(size) is int and size > 0:
            return {"what": "maxsize", "size": size}
    return None


def outside(targets: Sequence[Target], graph: Graph, things: Iterable[Any], ours: frozenset[int]) -> list[Trace]:
    """Return traces of what no root reaches, from the farthest object that leads to it: something in C holds that.

    `things` are all objects there were before the search, `ours` the addresses of those that the search itself made.
    """
    if not targets:
        return []
    above: dict[int, Any] = {}
    for thing in things:
        if (
            id(thing) not in graph.parents
            and id(thing) not in ours
            and type(thing) not in (Target, FrameType, CellType)
        ):
            for referent in gc.get_referents(thing):
                above.setdefault(id(referent), thing)
    found = []
    for target in targets:
        path, known = [target.thing], {id(target.thing)}
        while (thing := above.get(id(path[0]))) is not None and id(thing) not in known:
            path.insert(0, thing)
            known.add(id(thing))
        if len(path) > 1:
            found.append(Trace(target, Root(OUTSIDE, None), path))
    return found
