"""What closers did, on real servers: run in vain, passed by, never reached; and silence where they end what they should."""

import pytest

APP = """
import itertools
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from agents import Agent, ENGINE

agents, turn = {{}}, itertools.count()

async def leave(uid, agent):
    {leave}

async def chat(client: WebSocket):
    await client.accept()
    uid = id(client)
    agents[uid] = agent = Agent()
    agent.start()
    await client.send_text("welcome")
    try:
        async for text in client.iter_text():
            await client.send_text(text)
    finally:
        await leave(uid, agent)
        agents.pop(uid, None)

app = Starlette(routes=[WebSocketRoute("/ws", chat)])
"""
AGENTS = """
import asyncio

REMEMBERED = []

class Agent:
    def __init__(self):
        self.task = None
        REMEMBERED.append(str(id(self)))

    def start(self):
        self.task = asyncio.create_task(asyncio.sleep(1000))

    async def {closer}(self):
        {close}

class Engine:
    def __init__(self):
        self.heard = []

    def hear(self, text):
        self.heard.append(text)

    def stop(self):
        pass

ENGINE = Engine()
"""
CALL = "await agent.close()"
END = "self.task.cancel(); REMEMBERED.remove(str(id(self)))"
UVICORN = ("uvicorn", "app:app", "--port", "{port}", "--log-level", "warning")
OPTIONS = ("--departures", "close,going-away", "--settle", "2", "--second-look", "0", "--lang", "en")


@pytest.fixture
def visited(doctor):
    """Visits a server whose agents close so and are left so, and returns its findings' evidence by kind."""

    def visit(*, leave=CALL, close=END, closer="close", lang="en"):
        doctor.write("app.py", APP.format(leave=leave))
        doctor.write("agents.py", AGENTS.format(close=close, closer=closer))
        outcome = doctor(*UVICORN, options=(*OPTIONS, "--lang", lang), url="ws://127.0.0.1:{port}/ws")
        assert outcome.report is not None, outcome.err
        sessions = outcome.report["run"]["sessions"]
        return {each["kind"]: each["evidence"] for each in outcome.report["findings"]}, sessions

    return visit


@pytest.mark.slow
def test_closer_that_runs_and_forgets_is_told_as_run_in_vain(visited):
    """In all sessions, and both the task that it does not end and the list that it does not empty are there."""
    told, sessions = visited(close="pass")
    assert f"`Agent.close` ran in all {sessions} sessions that left one, yet the task is still there" in told["task"]
    assert f"`Agent.close` ran in all {sessions} sessions, yet `REMEMBERED` kept growing" in told["container"]


@pytest.mark.slow
def test_sessions_that_fill_a_shared_object_are_counted(visited):
    """Every second one does; those that were made before it was known what grows are not counted."""
    told, sessions = visited(leave="await agent.close(); next(turn) % 2 or [ENGINE.hear(uid) for _ in range(4)]")
    [line] = [line for line in told["container"] if "Engine.hear" in line]
    later = sessions - sessions // 4
    assert line == f"`Engine.hear`, which fills it, ran in {later // 2} of {later} sessions"
    assert [line for line in told["container"] if "Engine.stop" in line] == []  # of a server's own object, no news


@pytest.mark.slow
def test_closer_that_a_guard_passes_by_is_told_with_the_guard(visited):
    """The class has `aclose` and is asked for `close`."""
    told, sessions = visited(leave="if hasattr(agent, 'close'): await agent.close()", closer="aclose")
    passed = "`Agent` has no `close`, so `hasattr(agent, 'close')` at app.py:11 passes it by"
    assert f"`Agent.aclose` never ran in {sessions} sessions: {passed}" in told["task"]


@pytest.mark.slow
def test_closer_that_another_condition_passes_by_is_told_with_it(visited):
    """It has the method, and whoever calls it asks for something else before."""
    told, sessions = visited(leave="if agent.task is None: await agent.close()")
    why = "its call at app.py:11 waits for `agent.task is None`"
    assert f"`Agent.close` never ran in {sessions} sessions: {why}" in told["task"]


@pytest.mark.slow
def test_closer_whose_object_was_popped_first_is_told_with_the_line_that_pops(visited):
    """What is no longer in the table is not found there to be closed; said in Chinese, where that is asked for."""
    leave = "agents.pop(uid)\n    found = agents.get(uid)\n    if found: await found.close()"
    told, sessions = visited(leave=leave, lang="zh")
    why = "app.py:11 的 `agents.pop(uid)` 先于它的调用"
    assert f"`Agent.close` 在 {sessions} 个会话里从未运行：{why}" in told["task"]


@pytest.mark.slow
def test_closer_that_works_is_silent(visited):
    """The clean twin leaves nothing, and is none the worse for being watched."""
    told, _ = visited()
    assert told == {}
