"""Counts what a server holds when it is asked, so that the twins can be checked without overstay.

Standard library only, and nothing is hooked: a thread answers on a socket in $TMPDIR by walking the heap. Slow, exact
enough for a handful of visits, and as different from overstay's ledger as can be.
"""

import asyncio
import gc
import json
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

OWN = "leakbench census"
TWINS = ("leaky.py", "clean.py", "server.py")
SESSION_OBJECTS = {
    *("WebSocket", "Request", "WebSocketResponse", "ServerConnection", "StreamWriter"),
    *("HttpToolsProtocol", "H11Protocol", "WebSocketProtocol", "WSProtocol", "WebSocketsSansIOProtocol"),
}
if os.environ.get("LEAKBENCH_CENSUS_GC") == "off":
    gc.disable()  # what only a collection frees then waits for ours, and can be counted


def alive(name: str) -> int:
    """Return how many objects of the classes with this name there are; for the expressions of `case.toml`."""
    return sum(type(thing).__name__ == name for thing in gc.get_objects())


def session_objects() -> int:
    """Return how many connections and finished tasks there are."""
    return sum(
        type(thing).__name__ in SESSION_OBJECTS or (issubclass(type(thing), asyncio.Task) and thing.done())
        for thing in gc.get_objects()
    )


def measured(expression: str) -> int:
    """Return what an expression gives in the server's own module; 0 in a process that has not loaded it."""
    for module in list(sys.modules.values()):
        if (getattr(module, "__file__", None) or "").endswith(TWINS) and Path(module.__file__).parent == Path.cwd():
            return int(eval(expression, {**vars(module), "alive": alive}))
    return 0


def count(expression: str) -> Mapping[str, int]:
    """Return how many of each kind there are in this process, after a collection."""
    before = session_objects()
    gc.collect()
    objects = session_objects()
    tasks = timers = 0
    for thing in gc.get_objects():
        kind = type(thing)
        if issubclass(kind, asyncio.Task):
            tasks += not thing.done()
        elif kind.__name__ == "TimerHandle" and kind.__module__.partition(".")[0] in ("asyncio", "uvloop"):
            timers += _is_live(thing)
    threads = sum(thread.name != OWN for thread in threading.enumerate())
    return {
        "tasks": tasks,
        "timers": timers,
        "threads": threads,
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "objects": objects,
        "cyclic": before - objects,
        "measure": measured(expression) if expression else 0,
    }


def _is_live(handle: asyncio.TimerHandle) -> bool:
    if handle.cancelled():
        return False
    # A handle that has run is not in its loop's heap any more; uvloop forgets the callback instead.
    return getattr(handle, "_scheduled", True)


def _answer() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(Path(tempfile.gettempdir()) / f"census-{os.getpid()}"))
    listener.listen()
    while True:
        asker, _ = listener.accept()
        with asker:
            expression = asker.makefile().readline().strip()
            asker.sendall(json.dumps(count(expression)).encode())


def _start() -> None:
    threading.Thread(target=_answer, name=OWN, daemon=True).start()


_start()
os.register_at_fork(after_in_child=_start)
