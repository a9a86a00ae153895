"""Interruptions at every stage of a turn, by both protocols, at a real endpoint, tool server and thread.

Each stage is reached before it is interrupted: the endpoint holds its answer, the tool server has the call, the thread
works, or the client has stopped reading and frames wait for it.
"""

import asyncio
import json
import socket
import sqlite3
import threading
from contextlib import asynccontextmanager, closing

import psutil
import pytest
import websockets

from ai_chat.config_manager.settings import Limits

from .language_model import HOLD, answering, call_of, character_of
from .mcpp.conftest import Unruly
from .running_server import opened, poll, running, settings_in

pytestmark = pytest.mark.slow
AT_ONCE = 0.1  # seconds
TIMES = 3  # each stage is interrupted that often, and the fastest counts: the machine has other work
LONG = "word " * 40 + "here. "  # over ten seconds of speech
ANSWERS = {
    "think": (HOLD,),
    "pause": ("One is here. ", "Two is here. ", "Thr", HOLD),
    "ask": (call_of("hang"),),
    "speak": ("One is here. ",),
    "tell": (LONG, LONG, LONG, LONG, "The end", HOLD),
    "tell all": (LONG, LONG, LONG, LONG),
}
NATIVE = {"turn.start": "start", "sentence": "sentence", "tool": "tool", "flush": "stop", "turn.end": "end"}
OPEN_LLM_VTUBER = {
    "conversation-chain-start": "start", "audio": "sentence", "tool_call_status": "tool",
    "interrupt": "stop", "conversation-chain-end": "end",
}  # fmt: skip


class Native:
    """A client of `/v1/ws`."""

    path = "/v1/ws"

    def __init__(self, socket):
        self.socket = socket
        self.said = 0
        self.told = []

    async def enter(self):
        await self.send({"type": "hello", "version": 1})

    def saying(self, text):
        """The frame that says something."""
        self.said += 1
        return {"type": "say", "id": str(self.said), "text": text}

    def interrupting(self):
        """The frame that interrupts."""
        return {"type": "interrupt"}

    async def say(self, text):
        await self.send(self.saying(text))

    async def interrupt(self):
        await self.send(self.interrupting())

    async def send(self, *frames):
        """Send frames in one packet."""
        for frame in frames:
            self.socket.protocol.send_text(json.dumps(frame).encode())
        self.socket.transport.write(b"".join(self.socket.protocol.data_to_send()))

    def kind_of(self, told):
        """What a frame tells, in the words of neither protocol."""
        return NATIVE.get(told["type"], "")

    async def until(self, kind):
        """The next frame that tells this; all are kept in `told`, with what they tell."""
        async with asyncio.timeout(10):
            while True:
                frame = await self.socket.recv()
                if isinstance(frame, str):
                    told = json.loads(frame)
                    self.told.append((self.kind_of(told), told))
                    if self.told[-1][0] == kind:
                        return told

    def kinds_told(self):
        return [kind for kind, _ in self.told if kind]


class OpenLLMVTuber(Native):
    """A client of `/client-ws`."""

    path = "/client-ws"

    async def enter(self):
        """It says nothing first."""

    def saying(self, text):
        return {"type": "text-input", "text": text}

    def interrupting(self):
        return {"type": "interrupt-signal", "text": ""}

    def kind_of(self, told):
        return OPEN_LLM_VTUBER.get(told["text"] if told["type"] == "control" else told["type"], "")


@asynccontextmanager
async def connected(url, protocol):
    """A client whose kernel takes little, as the server's does: a page that does not read is felt at once."""
    host, port = url.removeprefix("ws://").split(":")
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.connect((host, int(port)))
        async with websockets.connect(f"{url}{protocol.path}", sock=line, ping_interval=None, max_size=None) as opened:
            client = protocol(opened)
            await client.enter()
            yield client


class Stages:
    """The stages of a turn: each says something, and returns when its turn is in that stage."""

    def __init__(self, client, server, endpoint, unruly):
        self.client, self.server, self.endpoint, self.unruly = client, server, endpoint, unruly
        self.calls = 0
        self.gate = threading.Event()  # speech is made when it is set
        self.gate.set()
        self.voice._wait = self.gate.wait

    @property
    def voice(self):
        return self.server.engines.tts(self.server.settings.character)

    @property
    def session(self):
        (session,) = self.server.sessions._open.values()
        return session

    async def before_the_first_token(self):
        await self.client.say("think")
        await poll(lambda: self.endpoint.held)

    async def between_sentences(self):
        await self.client.say("pause")
        await self.client.until("sentence")
        await poll(lambda: self.endpoint.held)

    async def inside_a_tool_call(self):
        await self.client.say("ask")
        self.calls += 1
        await poll(lambda: len(self.unruly.lines("hang")) == self.calls)
        await self.client.until("tool")

    async def inside_synthesis(self):
        self.gate.clear()
        await self.client.say("speak")
        await poll(lambda: self.server.engines.syntheses == 1)

    async def while_sending(self):
        self.client.socket.transport.pause_reading()
        await self.client.say("tell")
        await poll(lambda: self.endpoint.held and self.unsent == 2)

    @property
    def unsent(self):
        """The frames that wait for the client to read. Two sentences are with the kernel and the transport."""
        return len(self.session.outbox._waiting)

    async def interrupt(self):
        """Interrupt, and read on: the seconds until the client has been told that its turn is over."""
        began = asyncio.get_running_loop().time()
        await self.client.interrupt()
        self.client.socket.transport.resume_reading()
        await self.client.until("stop")
        await self.client.until("end")
        return asyncio.get_running_loop().time() - began

    def holdings(self):
        """What a turn may hold: tasks, descriptors, requests, calls, threads at work."""
        (tools,) = self.server.engines.toolbox.states()
        threads = self.server.engines.syntheses
        return len(asyncio.all_tasks()), psutil.Process().num_fds(), self.endpoint.asked, tools.calls, threads


@asynccontextmanager
async def staged(folder, protocol):
    """A server with everything a turn can be inside of, and one client, after a turn that used all of it."""
    unruly = Unruly(folder / "seen")
    async with answering(ANSWERS | {"warm": (call_of("echo"),)}) as endpoint:
        settings = settings_in(folder, character=character_of(endpoint), mcp_servers={"unruly": unruly.settings()})
        async with running(settings, send_buffer=4_096) as (url, server), connected(url, protocol) as client:
            await poll(server.engines.toolbox.tools)
            await client.say("warm")
            await client.until("end")
            stages = Stages(client, server, endpoint, unruly)
            await poll(lambda: not stages.endpoint.asked)
            try:
                yield stages
            finally:
                stages.gate.set()


@pytest.mark.parametrize(
    "stage",
    [
        Stages.before_the_first_token,
        Stages.between_sentences,
        Stages.inside_a_tool_call,
        Stages.inside_synthesis,
        Stages.while_sending,
    ],
    ids=lambda stage: stage.__name__,
)
@pytest.mark.parametrize("protocol", [Native, OpenLLMVTuber])
def test_interrupt_ends_the_turn_at_once_and_leaves_nothing(tmp_path, protocol, stage):
    """The client is told within 100 ms, what comes late is dropped, nothing stays, and the next turn is answered."""

    async def main():
        async with staged(tmp_path, protocol) as stages:
            client, before, seconds = stages.client, stages.holdings(), []
            for _ in range(TIMES):
                client.told.clear()
                await stage(stages)
                seconds.append(await stages.interrupt())
                if stage is Stages.inside_synthesis:
                    assert stages.server.engines.syntheses == 1
                stages.gate.set()
                await poll(lambda: stages.holdings() == before)
                await poll(lambda: len(stages.unruly.lines("cancelled")) == stages.calls)
                await client.say("next")
                assert (await client.until("end")).get("reason", "done") == "done"
                told = client.kinds_told()
                assert told[told.index("end") :] == ["end", "start", "sentence", "end"]
            assert min(seconds) < AT_ONCE

    asyncio.run(main())


def test_sentences_that_were_not_sent_were_not_heard(tmp_path):
    """A client that reads slowly and is interrupted is remembered to have heard what it was sent, and no more."""

    async def main():
        async with staged(tmp_path, Native) as stages:
            await stages.while_sending()
            await stages.interrupt()
            assert stages.client.kinds_told()[-4:] == ["sentence", "sentence", "stop", "end"]
            assert stages.client.told[-1][1]["heard"].count("here.") == 2

    asyncio.run(main())


@pytest.mark.parametrize("protocol", [Native, OpenLLMVTuber])
def test_interrupt_of_an_answer_that_is_complete_and_not_sent_is_told_at_once(tmp_path, protocol):
    """What waits for a client that reads slowly is not sent any more, though the turn had ended."""

    async def main():
        async with staged(tmp_path, protocol) as stages:
            client, seconds = stages.client, []
            for _ in range(TIMES):
                client.told.clear()
                client.socket.transport.pause_reading()
                await client.say("tell all")
                await poll(lambda: stages.unsent == 4 and not stages.session.is_answering)
                began = asyncio.get_running_loop().time()
                await client.interrupt()
                client.socket.transport.resume_reading()
                await client.until("stop")
                seconds.append(asyncio.get_running_loop().time() - began)
                assert client.kinds_told() == ["start", "sentence", "sentence", "end", "stop"]
            assert min(seconds) < AT_ONCE

    asyncio.run(main())


@pytest.mark.parametrize("protocol", [Native, OpenLLMVTuber])
def test_turn_that_is_interrupted_before_it_ran_is_begun_and_ended(tmp_path, protocol):
    """Both arrive in one packet: what was said is in the history all the same, and the client is told of both ends."""

    async def main():
        async with staged(tmp_path, protocol) as stages:
            client = stages.client
            client.told.clear()
            await client.send(client.saying("think"), client.interrupting())
            await client.until("end")
            assert sorted(client.kinds_told()) == ["end", "start", "stop"]
            assert not stages.endpoint.asked
            history = stages.server.engines.history
            character, uid = stages.session.context.character.conf_uid, stages.session.context.history
            assert (await history.messages(character, uid))[-1].text == "think"

    asyncio.run(main())


def test_turn_that_is_interrupted_while_it_waits_for_a_place_is_acknowledged_and_ended(tmp_path):
    """Other turns have all the places: what was said is not lost, and the place that it waited for is not taken."""

    async def main():
        limits = Limits(turns=1)
        async with running(settings_in(tmp_path, limits=limits)) as (url, server), opened(url) as page:
            async with server.sessions.turns.slot(""):
                await page.send(type="say", id="a", text="hello")
                await poll(lambda: server.sessions.turns.waiting)
                await page.send(type="interrupt")
                assert (await page.until("turn.end"))["reason"] == "interrupted"
                assert {"turn.start", "ack", "flush"} <= {told["type"] for told in page.seen}
                assert server.sessions.turns.waiting == 0
            await page.send(type="say", id="b", text="hello")
            assert (await page.until("turn.end"))["reason"] == "done"

    asyncio.run(main())


def test_interrupt_goes_on_when_its_connection_breaks(tmp_path):
    """The history is locked meanwhile: who takes the session over is told that the turn has ended."""

    async def main():
        async with running(settings_in(tmp_path)) as (url, _), opened(url) as page:
            await page.send(type="say", id="a", text="tell me a story")
            await page.until("sentence")
            with closing(sqlite3.connect(tmp_path / "history.db")) as other:
                other.execute("BEGIN IMMEDIATE")
                await page.send(type="interrupt")
                last = await page.until("flush")
                page.socket.transport.abort()
                async with asyncio.TaskGroup() as group:
                    taking_over = group.create_task(take_over(url, page.welcome["resume"], last["seq"]))
                    await asyncio.sleep(0.1)
                    other.rollback()
                told = await taking_over
            assert [one["reason"] for one in told if one["type"] == "turn.end"] == ["interrupted"]

    asyncio.run(main())


async def take_over(url, token, last):
    """What a page is told that comes back, until the turn's end."""
    async with opened(url, resume=token, last_seq=last) as page:
        assert page.welcome["resumed"]
        await page.until("turn.end", 3)
        return page.seen
