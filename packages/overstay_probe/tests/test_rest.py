"""A server whose sessions leave nothing can do without the costly hooks; nothing is lost when they come back."""

import pytest

APP = """
import asyncio, os, socket, tempfile, threading
from concurrent.futures import ThreadPoolExecutor

KEPT = []
HOOKED = {
    "io.open": lambda: type(__import__("io").open).__name__ == "Replacement",
    "os.open": lambda: type(os.open).__name__ == "Replacement",
    "socket": lambda: hasattr(socket.socket.__init__, "overstay_wrapped"),
    "submit": lambda: hasattr(ThreadPoolExecutor.submit, "overstay_wrapped"),
    "create_task": lambda: hasattr(asyncio.get_running_loop().create_task, "overstay_wrapped"),
    "call_at": lambda: hasattr(asyncio.get_running_loop().call_at, "overstay_wrapped"),
}

async def idle():
    await asyncio.Event().wait()

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    if scope["path"] == "/task":
        KEPT.append(asyncio.create_task(idle()))
    if scope["path"] == "/file":
        KEPT.append(tempfile.mkstemp(dir="."))
    if scope["path"] == "/import":
        from late import make
        KEPT.append(make)
    if scope["path"] == "/late":
        KEPT.append(KEPT[-1]())
    hooked = sorted(name for name, is_hooked in HOOKED.items() if is_hooked())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": " ".join(hooked).encode()})
"""
LATE = """
from os import open as open_file, O_CREAT, O_WRONLY

def make():
    return open_file("made", O_CREAT | O_WRONLY)
"""
ALL = "call_at create_task io.open os.open socket submit"
COMMAND = ["uvicorn", "app:app", "--port", "{port}", "--no-access-log", "--loop"]
LOOPS = pytest.mark.parametrize("loop", ["asyncio", "uvloop"])


def served_by(lab, loop):
    (lab.folder / "late.py").write_text(LATE)
    return lab.start(APP, [*COMMAND, loop])


@LOOPS
def test_hooks_are_out_while_every_asker_is_content(lab, loop):
    """The hooks go when the one tool that is attached says so, and come back when it wants to see all again."""
    served = served_by(lab, loop)
    assert served.get().decode() == ALL
    served.ask("attend", closely=False)
    assert served.get().decode() == ""
    served.ask("attend", closely=True)
    assert served.get().decode() == ALL


@LOOPS
def test_nothing_is_noted_at_rest_and_everything_after_it(lab, loop):
    """A task made at rest still tells its session, since its context does; a file made at rest is not known."""
    served = served_by(lab, loop)
    served.ask("attend", closely=False)
    served.get("/task")
    served.get("/file")
    assert len(served.holdings("task")) == 1
    assert served.holdings("file") == []
    served.ask("attend", closely=True)
    served.get("/file")
    [file] = served.holdings("file")
    assert file["at"]["function"] == "app"


def test_module_imported_at_rest_is_watched_after_it(lab):
    """`from os import open`, executed at rest, takes the original; it is replaced when the hooks come back."""
    served = served_by(lab, "asyncio")
    served.get()
    served.ask("attend", closely=False)
    served.get("/import")
    served.ask("attend", closely=True)
    served.get("/late")
    [file] = served.holdings("file")
    assert file["at"]["function"] == "make"


def test_tool_that_comes_later_sees_everything(lab):
    """While one tool lets the hooks rest, another one that attaches has them back, until it leaves."""
    served = served_by(lab, "asyncio")
    served.get()
    served.ask("attend", closely=False)
    first = dict(served._links)
    served._links.clear()
    served.links()
    assert served.get().decode() == ALL
    for link in served._links.values():
        link.close()
    served._links.clear()
    served._links.update(first)
    assert any(served.get() == b"" for _ in range(1000)), "the hooks go again when it has left"


def test_journal_says_when_the_hooks_were_out(lab):
    """What begins at rest has no rows; the numbers tell how many sessions those were."""
    served = served_by(lab, "asyncio")
    served.links()
    served.get()
    served.quiet()
    served.ask("attend", closely=False)
    served.get()
    served.quiet()
    served.ask("attend", closely=True)
    served.get()
    served.quiet()
    rows = [tuple(row[:2]) for row in served.ask("journal") if row[0] != "collected"]
    assert rows == [("began", 1), ("ended", 1), ("rests", 1), ("watches", 2), ("began", 3), ("ended", 3)]
