"""The chat server whose cost is measured: one application, started in as many ways as there are variants.

Nothing in here knows which variant it runs under. A turn makes three tasks, one temporary file that is written and
removed, one piece of work in a thread, and a reply in five frames; a session has one heartbeat task. Everything ends
with its session, so a tool that watches it has records to make and none to keep.
"""

import asyncio
import hashlib
import os
import resource
import sys
import tempfile
import time
import tracemalloc
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

HEARTBEAT_S = 15.0
PIECES = 4

app = FastAPI()


@app.get("/cpu")
async def cpu() -> dict[str, int]:
    """Return the CPU that this process has used so far, all its threads included, and that of its ended children.

    Children are told because a tool may move its work into a fork: that is CPU of the server all the same.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    children_ns = round((children.ru_utime + children.ru_stime) * 1e9)
    return {"pid": os.getpid(), "cpu_ns": time.process_time_ns(), "children_ns": children_ns}


@app.get("/instruments")
async def instruments() -> dict[str, int]:
    """Return which instruments are at work in this process, so that no variant is measured unarmed.

    `sessions` is the number that overstay's door gave to this very request: what it has seen so far. Read from the
    context, since the application knows nothing of overstay.
    """
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    return {
        "uvloop": type(loop).__module__.startswith("uvloop"),
        "debug": loop.get_debug(),
        "tracemalloc": tracemalloc.is_tracing(),
        "memray": "memray" in sys.modules,
        "aiomonitor": type(getattr(factory, "__self__", None)).__module__.startswith("aiomonitor"),
        "overstay": "overstay_probe" in sys.modules,
        "sessions": next((number for var, number in copy_context().items() if var.name == "overstay_session"), 0),
    }


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Answer every question of one client until it leaves."""
    await websocket.accept()
    heartbeat = asyncio.create_task(beat(websocket))
    try:
        await websocket.send_text("ready")
        while True:
            await answer(websocket, await websocket.receive_text())
    except WebSocketDisconnect:
        pass
    finally:
        heartbeat.cancel()
        with suppress(asyncio.CancelledError):
            await heartbeat


async def beat(websocket: WebSocket) -> None:
    """Tell the client now and then that we are still here."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        await websocket.send_text("heartbeat")


async def answer(websocket: WebSocket, question: str) -> None:
    """Run one turn: hear, remember and speak in tasks of their own, then stream the reply."""
    heard = asyncio.create_task(recognise(question))
    remembered = asyncio.create_task(remember(question))
    spoken = asyncio.create_task(synthesise(question))
    words, turns, audio = await heard, await remembered, await spoken
    store(audio)
    for piece in range(PIECES):
        await websocket.send_text(f"piece {piece}: {words[piece % len(words)]}")
    await websocket.send_text(f"done after {turns}")


async def recognise(question: str) -> list[str]:
    """Split the question into words, one step of the loop later, as a recogniser would answer."""
    await asyncio.sleep(0)
    return question.split()


async def remember(question: str) -> int:
    """Return the length of what there is to remember, one step of the loop later."""
    await asyncio.sleep(0)
    return len(question)


async def synthesise(question: str) -> bytes:
    """Make sound of the question in a thread, where real speech is made."""
    return await asyncio.to_thread(sound_of, question.encode())


def sound_of(text: bytes) -> bytes:
    """Return 8 kB that depend on the text."""
    return hashlib.blake2b(text).digest() * 128


def store(audio: bytes) -> None:
    """Write the sound to a file, append to it, and remove it: the life of a speech file in one turn."""
    descriptor, name = tempfile.mkstemp(suffix=".wav")
    os.close(descriptor)
    try:
        with Path(name).open("ab") as file:
            file.write(audio)
    finally:
        Path(name).unlink()
