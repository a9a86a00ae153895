"""One reference in the words a developer writes: how an object is reached from the one that refers to it.

`step` looks at the next objects of a path and says how far one phrase leads: a closure's cell, an instance's
dictionary, the tree inside a context and the links of an lru_cache are machinery, nobody's variable.
Runs in the snapshot, where reading an object may materialise what it likes.
"""

import asyncio
import functools
import logging
import types
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, Token
from typing import Any, NamedTuple

from overstay_probe import _site
from overstay_probe._types import attributes, is_a, module_of, mro, name_of, namespace, qualified, read, slots

_LONGEST_KEY = 40
_HAMT = frozenset(("hamt", "hamt_bitmap_node", "hamt_array_node", "hamt_collision_node"))
LRU = type(functools.lru_cache(lambda: None))
"""The type of a function behind `functools.lru_cache`."""
_LRU_PARTS = frozenset(("functools._lru_list_elem", "functools.partial", "dict", "tuple"))
_COROUTINES: dict[type, tuple[str, str, str]] = {
    types.CoroutineType: ("cr", "cr_await", "coroutine"),
    types.GeneratorType: ("gi", "gi_yieldfrom", "generator"),
    types.AsyncGeneratorType: ("ag", "ag_await", "asynchronous generator"),
}


class Step(NamedTuple):
    """A phrase for a reference: the text, its shape without keys and numbers, how many objects it leads on.

    `name` is the attribute or variable where the phrase names one; `pin` the rule that this reference is a case of.
    """

    text: str
    shape: str
    length: int
    name: str = ""
    pin: str = ""


def step(path: Sequence[Any]) -> Step:
    """Return the phrase for the way from `path[0]` on; `path` has at least two objects."""
    if is_state(path[0]):
        return _state(path) or _same("(inside)", 1)
    for owner in mro(type(path[0])):
        tell = _TELLERS.get(owner)
        if tell is not None:
            found = tell(path)
            if found is not None:
                return found
            break
    if name_of(type(path[0])) in ("TimerHandle", "Handle"):  # uvloop's, which have no base of asyncio's
        return _handle(path) or _same("(inside)", 1)
    return _attribute(path) or _same(f"({qualified(type(path[1]))})", 1)


def is_index(step: Step) -> bool:
    """Tell whether a phrase only continues the one before: an element of a container."""
    return step.shape.startswith("[")


def _same(text: str, length: int, name: str = "", pin: str = "") -> Step:
    return Step(text, text, length, name, pin)


def key_of(key: object) -> str:
    """Return a dictionary's key as the developer would write it; of other objects only the type."""
    if type(key) is str:
        return repr(key if len(key) <= _LONGEST_KEY else key[: _LONGEST_KEY - 1] + "…").replace("'", '"')
    if type(key) in (int, bool, float, type(None)):
        return repr(key)
    return f"<{qualified(type(key))}>"


def _dict(path: Sequence[Any]) -> Step | None:
    mapping, thing = path[:2]
    for key, value in dict.items(mapping):
        if value is thing:
            return Step(f"[{key_of(key)}]", "[*]", 1)
    for key in dict.keys(mapping):
        if key is thing:
            return Step(f"[key {key_of(key)}]", "[*]", 1)
        if type(key) is tuple and any(part is thing for part in key):
            return Step("[part of a key]", "[*]", 1)
    return None


def _sequence(path: Sequence[Any]) -> Step | None:
    for index, element in enumerate(list(path[0])):
        if element is path[1]:
            return Step(f"[{index}]", "[*]", 1)
    return None


def _function(path: Sequence[Any]) -> Step | None:
    function, thing = path[:2]
    name = function.__code__.co_qualname
    if thing is function.__closure__ and len(path) > 3:
        for variable, cell in zip(function.__code__.co_freevars, thing, strict=False):
            if cell is path[2]:
                return _same(f"closure variable {variable} of {name}", 3, variable)
    if thing is function.__defaults__ or thing is function.__kwdefaults__:
        return _same(f"default argument of {name}", min(2, len(path) - 1))
    if thing is function.__dict__ and len(path) > 2:
        found = _dict(path[1:])
        return found and _same(f".{found.text[2:-2]}", 2)
    return None


def _method(path: Sequence[Any]) -> Step | None:
    method = path[0]
    if path[1] is method.__self__:
        name = read(method.__func__, "__qualname__") or "?"
        return _same(f".__self__ of the bound method {name}", 1, "", "bound-method")
    return None


def _partial(path: Sequence[Any]) -> Step | None:
    partial, thing = path[:2]
    if thing is read(partial, "func"):
        return _same(".func of a partial", 1)
    if len(path) > 2 and type(thing) in (tuple, dict):
        return _same("argument of a partial", 2)
    return None


def _coroutine(path: Sequence[Any]) -> Step | None:
    coroutine, thing = path[:2]
    prefix, inner, what = _COROUTINES[type(coroutine)]
    code, frame = getattr(coroutine, f"{prefix}_code"), getattr(coroutine, f"{prefix}_frame")
    pin = "async-generator" if what.startswith("async") else ""
    if thing is frame and len(path) > 2:
        return _frame(path[1:], what, pin, 2)
    if frame is not None:
        for name, value in frame.f_locals.items():
            if value is thing or (type(value) is not type(thing) and _holds(thing, value)):
                return _local(name, what, frame, 1, pin)
        if thing is getattr(coroutine, inner) or type(thing) in _COROUTINES:
            return _same(f"awaited in {what} {code.co_qualname}", 1, "", pin)
    return _same(f"{what} {code.co_qualname}", 1, "", pin)


def _holds(cell: object, value: object) -> bool:
    try:
        return type(cell) is types.CellType and cell.cell_contents is value
    except ValueError:
        return False


def _local(name: str, what: str, frame: types.FrameType, length: int, pin: str = "") -> Step:
    function = frame.f_code.co_qualname
    where = f"{_site.absolute(frame.f_code.co_filename).rpartition('/')[2]}:{frame.f_lineno}"
    return Step(f"local {name} in {what} {function} ({where})", f"local {name} in {what} {function}", length, name, pin)


def _frame(path: Sequence[Any], what: str = "function", pin: str = "", length: int = 1) -> Step | None:
    frame, thing = path[:2]
    if thing is frame.f_back:
        return _same("caller's frame", length, "", pin)
    for name, value in frame.f_locals.items():
        if value is thing or _holds(thing, value):
            return _local(name, what, frame, length, pin)
    return _same(f"in {what} {frame.f_code.co_qualname}", length, "", pin)


def _traceback(path: Sequence[Any]) -> Step | None:
    """Follow a traceback to the local variable that one of its frames keeps."""
    length = 0
    while length < len(path) - 1 and type(path[length]) is types.TracebackType:
        length += 1
    if type(path[length]) is types.FrameType and length < len(path) - 1:
        found = _frame(path[length:])
        if found is not None:
            return found._replace(length=length + found.length, pin="exception-traceback")
    return _same(".__traceback__", max(length, 1), "", "exception-traceback")


def _exception(path: Sequence[Any]) -> Step | None:
    error, thing = path[:2]
    for name in ("__traceback__", "__context__", "__cause__"):
        if read(error, name) is thing:
            return _same(f".{name}", 1, "", "exception-traceback")
    if type(thing) is tuple and len(path) > 2:
        return _same(".args", 2)
    return _attribute(path)


def _future(path: Sequence[Any]) -> Step | None:
    future, thing = path[:2]
    is_task = is_a(future, asyncio.Task)
    is_done = asyncio.Future.done(future)
    kind = "task" if is_task else "future"
    finished = "finished-task" if is_done and is_task else ""
    if type(thing) is Context:
        if not is_task:  # only a callback of its has one
            return _context(path[1:], "a done callback of a future", 1, "callback-context")
        return _context(path[1:], "the context of a task", 1, finished)
    if is_task and thing is asyncio.Task.get_coro(future):
        return _same(f"coroutine of a {'finished ' if is_done else ''}task", 1, "", finished)
    if is_done and is_a(thing, BaseException):
        return _same(f"exception of a {kind}", 1, "", "exception-traceback")
    if is_done:
        return _attribute(path) or _same(f"result of a {kind}", 1, "", finished)
    return _waiter(path, kind)


def _waiter(path: Sequence[Any], kind: str) -> Step | None:
    """Name what a future that is not done refers to: what it waits for, who waits for it, its callbacks."""
    future, thing = path[:2]
    if kind == "task" and thing is read(future, "_fut_waiter"):
        return _same("what a task waits for", 1)
    if is_a(thing, asyncio.Task) or (type(thing) is set and len(path) > 2):
        return _same("awaited by", 2 if type(thing) is set else 1, "", "await-graph")
    if not callable(thing) and type(thing) not in (list, tuple):
        return _attribute(path)
    length = 1
    while length < len(path) - 1 and type(path[length]) in (list, tuple):
        length += 1
    if type(path[length]) is Context:
        return _context(path[length:], f"a done callback of a {kind}", length, "callback-context")
    return _same(f"done callback of a {kind}", length)


def _handle(path: Sequence[Any]) -> Step | None:
    handle, thing = path[:2]
    is_timer = name_of(type(handle)) == "TimerHandle"
    what = "a timer handle" if is_timer else "a callback handle"
    if type(thing) is Context:
        return _context(path[1:], what, 1, "timer-context" if is_timer else "callback-context")
    if callable(thing):
        return _same(f"callback of {what}", 1)
    if type(thing) is tuple and len(path) > 2:
        return _same(f"argument of {what}", 2)
    return None


def _context(path: Sequence[Any], through: str = "a context", before: int = 0, pin: str = "") -> Step | None:
    """Name the variable whose value the path goes on to, past the tree in which a context keeps them."""
    length = 1
    while length < len(path) - 1 and name_of(type(path[length])) in _HAMT:
        length += 1
    for variable, value in path[0].items():
        if value is path[length]:
            return _same(f"ContextVar {variable.name} through {through}", before + length, variable.name, pin)
    return _same(f"context through {through}", before + length, "", pin)


def _token(path: Sequence[Any]) -> Step | None:
    token = path[0]
    if path[1] is token.old_value:
        return _same(f"old value of ContextVar {token.var.name} in a token", 1, "", "context-token")
    found = _context(path[1:], "a token") if type(path[1]) is Context and len(path) > 2 else None
    return found and found._replace(length=found.length + 1, pin="context-token")


def _weak_reference(_: Sequence[Any]) -> Step:
    return _same("callback of a weak reference", 1, "", "weakref-callback")


def _lru_cache(path: Sequence[Any]) -> Step | None:
    function = read(path[0], "__wrapped__")
    if path[1] is function:
        return _same("cached function", 1)
    length = 1
    while length < len(path) - 1 and qualified(type(path[length])) in _LRU_PARTS:
        length += 1
    name = read(function, "__qualname__") or "?"
    return Step(
        f"lru_cache entry of {name}", f"lru_cache entry of {name}", length, name.rpartition(".")[2], "lru-cache-method"
    )


def _class(path: Sequence[Any]) -> Step | None:
    owner, thing = path[:2]
    if type(thing) is dict and len(path) > 2:
        for name, value in namespace(owner).items():
            if value is path[2]:
                return _same(f".{name}", 2, name, "weakref-callback" if owner is weakref.finalize else "")
    return _same(f"(class {qualified(owner)})", 1)


def _state(path: Sequence[Any]) -> Step | None:
    """Name an attribute of starlette's `app.state`, which keeps them in a dictionary of its own."""
    of_instance = attributes(path[0]) or {}
    kept = of_instance.get("_state")
    at = next((place for place, thing in enumerate(path[:3]) if thing is kept), 0)
    if at and at < len(path) - 1:
        for name, value in dict.items(path[at]):
            if value is path[at + 1]:
                return _same(f".{name}", at + 1, name)
    return _attribute(path)


def is_state(thing: object) -> bool:
    """Tell whether it is starlette's State, whose attributes are the application's."""
    return qualified(type(thing)) == "starlette.datastructures.State"


def _logger(path: Sequence[Any]) -> Step | None:
    found = _attribute(path)
    if found is not None and found.name == "handlers":
        return found._replace(pin="logging-handler")
    return found


def _attribute(path: Sequence[Any]) -> Step | None:
    """Name an attribute, in whichever way the instance keeps it."""
    thing, value = path[:2]
    of_instance = attributes(thing)
    if of_instance is not None:
        length = 1
        if value is of_instance and len(path) > 2:
            value, length = path[2], 2
        for name, each in of_instance.items():
            if each is value:
                pin = (
                    "prometheus-label" if name == "_metrics" and module_of(type(thing)).startswith("prometheus") else ""
                )
                return _same(f".{name}", length, name, pin) if type(name) is str else None
    for name, each in slots(thing):
        if each is value:
            return _same(f".{name}", 1, name)
    if type(value) is dict and len(path) > 2 and type(thing) is not dict:  # a dictionary of C code's own
        return _same("(inside)", 1)
    return None


_TELLERS: dict[type, Callable[[Sequence[Any]], Step | None]] = {
    dict: _dict,
    list: _sequence,
    tuple: _sequence,
    deque: _sequence,
    set: lambda _: Step("[…]", "[*]", 1),
    frozenset: lambda _: Step("[…]", "[*]", 1),
    types.FunctionType: _function,
    types.CellType: lambda _: _same("closure variable", 1),
    types.MethodType: _method,
    functools.partial: _partial,
    types.CoroutineType: _coroutine,
    types.GeneratorType: _coroutine,
    types.AsyncGeneratorType: _coroutine,
    types.FrameType: _frame,
    types.TracebackType: _traceback,
    BaseException: _exception,
    asyncio.Future: _future,
    asyncio.Handle: _handle,
    Context: _context,
    Token: _token,
    LRU: _lru_cache,
    **dict.fromkeys((weakref.ref, weakref.ProxyType, weakref.CallableProxyType), _weak_reference),
    type: _class,
    logging.Logger: _logger,
}
