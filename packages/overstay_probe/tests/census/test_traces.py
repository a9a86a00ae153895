"""Traces, each of a real server that keeps what its sessions own: from the root, over the owner, to the thing."""

import pytest

APP = """
import asyncio, atexit, contextvars, functools, io, logging, os, signal, sys, threading, weakref
from collections import defaultdict, deque
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

CLIENTS, SEEN, LISTENERS, ERRORS, TASKS, GENERATORS = {}, [], [], [], set(), []
BY_ROOM = defaultdict(list)
RECENT = deque(maxlen=50)
REQUEST = contextvars.ContextVar("request")
LOG = logging.getLogger("chat")

class Hub:
    shared = []
    def __init__(self): self.conns, self.on_event, self.last = {}, [], None

class Slotted:
    __slots__ = ("held",)

class Agent:
    def __init__(self, request): self.request = request
    def on_event(self): pass
    @functools.lru_cache(maxsize=None)
    def profile(self): return 1
    def __eq__(self, other): raise RuntimeError("never compare")
    __hash__ = object.__hash__
    def __repr__(self): raise RuntimeError("never print")

class Handler(logging.Handler):
    def __init__(self, request): super().__init__(); self.request = request
    def emit(self, record): pass

HUB, SLOTTED, AGENT = Hub(), Slotted(), Agent(None)
SLOTTED.held = []

async def chunks(request):
    while True:
        yield request.method

async def finished(request):
    return request

async def waiting(request, event):
    await event.wait()
    return request

def wait_for(event, kept):
    event.wait()

def fail(request):
    raise ValueError("no")

async def leave(request):
    loop = asyncio.get_running_loop()
    %s
    return PlainTextResponse("done")

app = Starlette(routes=[Route("/", leave)])
app.state.hub = HUB
if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", timeout_keep_alive=1)
"""
CLOSURE = """def on_message(): return request
    LISTENERS.append(on_message)"""
FAILED = """try: fail(request)
    except ValueError as error: ERRORS.append(error)"""
GENERATOR = """stream = chunks(request); await anext(stream)
    GENERATORS.append(stream)"""
TIMER = """REQUEST.set(request)
    loop.call_later(3600, print)"""
TOKEN = "SEEN.append(REQUEST.set(request)); SEEN.append(REQUEST.set(None))"
THREAD = "threading.Thread(target=wait_for, args=(threading.Event(), request), daemon=True).start()"
CALLBACK = """REQUEST.set(request)
    future = loop.create_future(); future.add_done_callback(print); SEEN.append(future)"""
READER = """reading, writing = os.pipe()
    loop.add_reader(reading, print, request)"""
HANDLER = """SEEN.append(1)
    signal.signal(signal.SIGRTMIN + len(SEEN), lambda number, frame: request)"""
DONE = """task = asyncio.create_task(finished(request)); TASKS.add(task); await task"""

MAIN = "module __main__"
CASES = {
    "dict": ("CLIENTS[id(request)] = request", MAIN, ".CLIENTS[*]"),
    "list": ("SEEN.append(request)", MAIN, ".SEEN[*]"),
    "tuple in a list": ("SEEN.append((1, request))", MAIN, ".SEEN[*][*]"),
    "nested": ('BY_ROOM["lobby"].append(request)', MAIN, ".BY_ROOM[*][*]"),
    "attribute's dict": ("HUB.conns[id(request)] = request", MAIN, ".HUB", ".conns[*]"),
    "app.state": ("app.state.hub.conns[id(request)] = request", MAIN, ".HUB", ".conns[*]"),
    "class attribute": ("Hub.shared.append(request)", MAIN, ".Hub", ".shared[*]"),
    "slot": ("SLOTTED.held.append(request)", MAIN, ".SLOTTED", ".held[*]"),
    "the scope itself": ("SEEN.append(request.scope)", MAIN, ".SEEN[*]"),
    "closure": (CLOSURE, MAIN, ".LISTENERS[*]", "closure variable request of leave.<locals>.on_message"),
    "partial": (
        "LISTENERS.append(functools.partial(print, request))",
        MAIN,
        ".LISTENERS[*]",
        "argument of a partial",
    ),
    "server's method": (
        "TASKS.add(request.receive)",
        MAIN,
        ".TASKS[*]",
        ".__self__ of the bound method RequestResponseCycle.receive",
    ),
    "bound method": (
        "HUB.on_event.append(Agent(request).on_event)",
        MAIN,
        ".HUB",
        ".on_event[*]",
        ".__self__ of the bound method Agent.on_event",
        ".request",
    ),
    "lru_cache on a method": (
        "Agent(request).profile()",
        MAIN,
        ".Agent",
        ".profile",
        "lru_cache entry of Agent.profile",
        ".request",
    ),
    "exception": (FAILED, MAIN, ".ERRORS[*]", ".__traceback__", "local request in function leave"),
    "asynchronous generator": (
        GENERATOR,
        MAIN,
        ".GENERATORS[*]",
        "local request in asynchronous generator chunks",
    ),
    "finished task": (DONE, MAIN, ".TASKS[*]", "result of a task"),
    "context of a timer": (
        TIMER,
        "event loop: scheduled timers",
        "ContextVar request through a timer handle",
    ),
    "token": (TOKEN, MAIN, ".SEEN[*]", "old value of ContextVar request in a token"),
    "logging handler": ("LOG.addHandler(Handler(request))", MAIN, ".LOG", ".handlers[*]", ".request"),
    "atexit": (
        "atexit.register(Agent(request).on_event)",
        "outside Python",
        ".__self__ of the bound method Agent.on_event",
        ".request",
    ),
    "finalizer": (
        "weakref.finalize(HUB, Agent(request).on_event)",
        "module weakref",
        ".finalize",
        "._registry[*]",
        ".func",
        ".__self__ of the bound method Agent.on_event",
        ".request",
    ),
    "callback of a weak reference": (
        "SEEN.append(weakref.ref(HUB, functools.partial(print, request)))",
        MAIN,
        ".SEEN[*]",
        "callback of a weak reference",
        "argument of a partial",
    ),
    "callback of a weak proxy": (
        "SEEN.append(weakref.proxy(HUB, functools.partial(print, request)))",
        MAIN,
        ".SEEN[*]",
        "callback of a weak reference",
        "argument of a partial",
    ),
    "context of a callback": (CALLBACK, MAIN, ".SEEN[*]", "ContextVar request through a done callback of a future"),
    "signal handler": (
        HANDLER,
        "signal handler",
        "closure variable request of leave.<locals>.<lambda>",
    ),
    "waiting task": (
        "TASKS.add(asyncio.create_task(waiting(request, asyncio.Event())))",
        "running task waiting",
        "coroutine of a task",
        "local request in coroutine waiting",
    ),
    "a thread's local": (THREAD, "thread Thread-* (wait_for)", "local kept"),
}
PINS = {
    "server's method": "bound-method",
    "bound method": "bound-method",
    "lru_cache on a method": "lru-cache-method",
    "exception": "exception-traceback",
    "asynchronous generator": "async-generator",
    "finished task": "finished-task",
    "context of a timer": "timer-context",
    "token": "context-token",
    "logging handler": "logging-handler",
    "atexit": "atexit",
    "finalizer": "weakref-callback",
    "callback of a weak reference": "weakref-callback",
    "callback of a weak proxy": "weakref-callback",
    "context of a callback": "callback-context",
}
OWNERS = {"slot": ".held[*]", "nested": ".BY_ROOM[*][*]", "lru_cache on a method": "lru_cache entry of Agent.profile"}
VIA = {"waiting task": "task", "a thread's local": "thread", "context of a timer": "timer"}


@pytest.mark.parametrize("name", CASES)
def test_trace_leads_from_the_root_to_what_the_session_owned(lab, name):
    """What six sessions left is told once, in the words of the program, and the reference to blame is the first one that differs."""
    snippet, *expected = CASES[name]
    served = lab.start(APP % snippet)
    for _ in range(6):
        served.get()
    served.quiet()
    served.ask("collect")
    answer = served.ask("trace", containers=[], max_pause_ms=1000)
    assert answer["how"] == "fork", answer
    (held,) = answer["held"]
    assert held["shape"].split("/") == expected
    assert len(held["sessions"]) == 6
    assert held["pin"] == PINS.get(name)
    assert (held["via"] or {}).get("kind") == VIA.get(name)
    owners = [line["shape"] for line in held["references"] if line["owner"]]
    assert owners == [OWNERS.get(name) or next((shape for shape in expected[1:] if "[*]" in shape), expected[1])]
    assert 1_000 < held["bytes"] < 200_000


def test_timer_that_goes_on_is_told_rather_than_a_cancelled_one(lab):
    """asyncio keeps a cancelled timer's context until it is due, as the server's own keep-alive timers are cancelled."""
    served = lab.start((APP % TIMER).replace("timeout_keep_alive=1", "timeout_keep_alive=30, loop='asyncio'"))
    for _ in range(6):
        served.get()
    served.quiet()
    served.ask("collect")
    (held,) = served.ask("trace", containers=[], max_pause_ms=1000)["held"]
    assert (held["via"] or {}).get("kind") == "timer"


@pytest.mark.parametrize(
    ("loop", "snippet", "expected"),
    [
        ("asyncio", READER, "event loop: selector/._fd_to_key[*][*][*]/argument of a callback handle"),
        ("uvloop", READER, "event loop/(inside)[*]/(Handle)/argument of a callback handle"),
        ("asyncio", TIMER, "event loop: scheduled timers/ContextVar request through a timer handle"),
        ("uvloop", TIMER, "event loop: scheduled timers/ContextVar request through a timer handle"),
    ],
)
def test_event_loop_is_a_root_with_the_part_that_keeps(lab, loop, snippet, expected):
    """asyncio's own, and uvloop, which is written in C and shows what it keeps to the collector alone."""
    served = lab.start((APP % snippet).replace("timeout_keep_alive=1", f"timeout_keep_alive=1, loop={loop!r}"))
    for _ in range(6):
        served.get()
    served.quiet()
    served.ask("collect")
    (held,) = served.ask("trace", containers=[], max_pause_ms=1000)["held"]
    assert held["shape"] == expected
    assert len(held["sessions"]) == 6


@pytest.mark.parametrize("name", ["released", "weakly", "by proxy"])
def test_what_is_not_kept_has_no_trace(lab, name):
    """The clean twins."""
    snippet = {
        "released": "CLIENTS[1] = request; del CLIENTS[1]",
        "weakly": "SEEN.append(weakref.ref(request))",
        "by proxy": "SEEN.append(weakref.proxy(request))",
    }[name]
    served = lab.start(APP % snippet)
    for _ in range(6):
        served.get()
    served.quiet()
    served.ask("collect")
    assert served.ask("trace", containers=[], max_pause_ms=1000)["held"] == []
