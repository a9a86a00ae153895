"""The watchdog names the lines that block the loop for 50 ms or more, and only those."""

import pytest
from websockets.sync.client import connect

APP = """
import asyncio, subprocess, time

def think(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        %s
        await send({"type": "websocket.send", "text": message["text"]})
"""
LINE = 19
ROUNDS = 12


def blocks_of(lab, line, loop):
    """Chat a dozen times with a server that does `line` for each message; return the blocks that the probe saw."""
    served = lab.start(APP % line, ["uvicorn", "app:app", "--port", "{port}", "--loop", loop])
    served.links()
    with connect(f"ws://127.0.0.1:{served.port}/ws", proxy=None) as client:
        for _ in range(ROUNDS):
            client.send("hello")
            client.recv()
    return served.ask("lag")


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("line", "where"),
    [
        pytest.param("time.sleep(0.12)", LINE, id="sleep"),
        pytest.param('subprocess.run(["sleep", "0.12"])', LINE, id="subprocess"),
        pytest.param("think(0.12)", 6, id="computing"),
    ],
)
def test_line_that_blocks_the_loop_is_named(lab, loop, line, where):
    """A block of 120 ms is seen nearly each time and told with its line, whether it sleeps, waits or computes."""
    lag = blocks_of(lab, line, loop)
    seen = {block["where"]["site"]["line"]: block["count"] for block in lag["blocks"]}
    assert len(seen) == len(lag["blocks"]), "a line is told once"
    named = sum(count for line, count in seen.items() if abs(line - where) <= 1)
    assert named >= ROUNDS - 2, seen
    assert lag["max"] >= 60


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_wait_that_leaves_the_loop_free_is_no_block(lab, loop):
    """The clean twin waits as long, and the loop answers meanwhile."""
    lag = blocks_of(lab, "await asyncio.sleep(0.12)", loop)
    assert [block for block in lag["blocks"] if block["where"]["site"]["line"] == LINE] == []
