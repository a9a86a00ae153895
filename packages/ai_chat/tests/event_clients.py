"""Clients that keep what they were told, over all their connections, and know what must be true of it.

A visitor speaks the native protocol, a guest that of Open-LLM-VTuber. Their sockets are real, and are left in every way.
"""

import asyncio
import json
import socket
import struct
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import websockets

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
SPEECH_HEADER = 12
TURN_FRAMES = {"sentence", "tool", "turn.spoken"}


class Line:
    """One connection, read as fast as it comes. `told` are its text frames; `whole` of them arrived with their speech."""

    def __init__(self, connection):
        self.connection = connection
        self.told = []
        self.whole = 0
        self.reading = asyncio.create_task(self._read(), name="client")

    @classmethod
    async def open(cls, url):
        return cls(await websockets.connect(url, ping_interval=None, max_size=None))

    async def _read(self):
        async for frame in self.connection:
            if isinstance(frame, bytes):
                speech = self.told[-1]
                assert speech["type"] == "sentence"
                assert len(frame) == SPEECH_HEADER + speech["audio"]
                assert struct.unpack_from("<II", frame) == (speech["turn"], speech["index"])
            else:
                assert self.whole == len(self.told), "speech is missing"
                self.told.append(json.loads(frame))
            if isinstance(frame, bytes) or self.told[-1]["type"] != "sentence" or not self.told[-1]["audio"]:
                self.whole = len(self.told)

    @property
    def is_open(self):
        return not self.reading.done()

    async def send(self, frame):
        """Send a frame; nothing when the connection is closed already."""
        try:
            await self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        except websockets.ConnectionClosed:
            await asyncio.wait([self.reading])

    async def leave(self, departure):
        """Leave in one of the ways that there are. After `silent` the connection is open, and nobody is there."""
        transport = self.connection.transport
        match departure:
            case "close":
                await self.connection.close()
            case "fin":
                transport.write_eof()
            case "reset":
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                transport.abort()
            case "silent":
                transport.pause_reading()
                self.reading.cancel()
        await asyncio.wait([self.reading])
        self.check()

    async def hang_up(self):
        """Close for certain, whatever state it is in."""
        self.connection.transport.abort()
        await asyncio.wait([self.reading])
        self.check()

    def check(self):
        """What it was told was in form."""
        if self.reading.done() and not self.reading.cancelled():
            with suppress(websockets.ConnectionClosed):
                self.reading.result()


@dataclass
class Asked:
    """How often something is answered, at least and at most."""

    text: str = ""
    least: int = 1
    most: int = 1


class Visitor:
    """A page of the native protocol, through all its connections. `acked` are its acknowledged messages, of all sessions."""

    def __init__(self, url, number):
        self.url = url
        self.number = number
        self.line = None
        self.lines = []  # all there ever were
        self.left_at = None  # when the last connection ended
        self.acked = {}  # (history, message) -> text
        self._count = 0
        self._begin({})

    def _begin(self, welcome):
        """A new session: nothing was said in it."""
        self.welcome = welcome
        self.before = []  # told on earlier connections
        self.said = {}
        self.asked = {}
        self.otherwise = {}  # ids that were used for another text
        self.nameless = Asked(least=0, most=0)  # errors that quote no request

    @property
    def is_here(self):
        return self.line is not None and self.line.is_open

    @property
    def told(self):
        """The numbered frames of the session."""
        return self.before + [one for one in (self.line.told if self.line else ()) if is_numbered(one)]

    # What it does.

    async def open(self, **hello):
        """Connect and say hello, not waiting for the welcome."""
        self.line = await self._connect()
        self._begin({})
        await self.line.send({"type": "hello", "version": 1, **hello})

    async def _connect(self):
        self.lines.append(await Line.open(f"{self.url}/v1/ws"))
        return self.lines[-1]

    async def welcomed(self):
        """Wait for the welcome; whether there is one."""
        while not self.line.told and self.line.is_open:
            await asyncio.sleep(0)
        self.note_welcome()
        return bool(self.welcome)

    def note_welcome(self):
        if not self.welcome and self.line and self.line.told:
            self.welcome = self.line.told[0]
            assert self.welcome["type"] == "welcome"

    async def say(self, text):
        self._count += 1
        name = f"say-{self.number}-{self._count}"
        self.said[name] = Asked(text)
        await self.line.send({"type": "say", "id": name, "text": text})

    async def say_again(self, name):
        """Say what was said, with the same id: it is answered again, unless the first answer is on its way."""
        asked = self.said[name]
        asked.least, asked.most = self.answers_to_say(name) + 1, asked.most + 1
        await self.line.send({"type": "say", "id": name, "text": asked.text})

    async def say_otherwise(self, name, text):
        """Say something else with an id that is acknowledged: it is refused."""
        asked = self.otherwise.setdefault(name, Asked(least=0, most=0))
        asked.least, asked.most = asked.least + 1, asked.most + 1
        await self.line.send({"type": "say", "id": name, "text": text})

    async def ask(self, kind, **fields):
        self._count += 1
        name = f"ask-{self._count}"
        self.asked[name] = Asked()
        await self.line.send({"type": kind, "id": name, **fields})

    async def send_garbage(self, frame):
        self.nameless.least += 1
        self.nameless.most += 1
        await self.line.send(frame)

    def forget(self):
        """The session was ended: it is not come back to."""
        self.line = None
        self._begin({})

    async def leave(self, departure):
        await self.line.leave(departure)
        self.note_welcome()
        self.left_at = time.monotonic()
        self._expect_no_more()

    def _expect_no_more(self):
        """The connection is over: what was not answered yet may never have arrived."""
        for name, asked in self.said.items():
            asked.least = min(asked.least, self.answers_to_say(name))
        for name, asked in self.asked.items():
            asked.least = min(asked.least, self._answers(name))
        for name, asked in self.otherwise.items():
            asked.least = min(asked.least, self._refusals(name))
        self.nameless.least = 0

    async def come_back(self, pages=1):
        """Resume the session on new connections at the same time, of which one will have it. False: it was gone."""
        old, self.before = self.line, self._whole()
        hello = {
            "type": "hello",
            "version": 1,
            "resume": self.welcome["resume"],
            "last_seq": len(self.before),
            "history": self.histories[-1],
        }
        lines = [await self._connect() for _ in range(pages)]
        for line in lines:
            await line.send(hello)
        while sum(line.is_open for line in lines) > 1 or not all(line.told for line in lines if line.is_open):
            await asyncio.sleep(0.001)
        (self.line,) = [line for line in lines if line.is_open]
        for line in {old, *lines} - {self.line}:
            await line.hang_up()
        self._expect_no_more()
        return await self._begin_again(self.line.told[0])

    async def _begin_again(self, welcome):
        assert welcome["type"] == "welcome"
        assert welcome["history"]
        unanswered = {name: asked for name, asked in self.said.items() if not self.answers_to_say(name)}
        if not welcome["resumed"]:
            self.note_acknowledged()
            self._begin(welcome)
            self.said = {name: Asked(asked.text, least=0, most=0) for name, asked in unanswered.items()}
        for name in unanswered:
            await self.say_again(name)
        return welcome["resumed"]

    def _whole(self):
        if self.line is None:
            return self.before
        return self.before + [one for one in self.line.told[: self.line.whole] if is_numbered(one)]

    # What must be true.

    def _answers(self, name):
        return sum(one.get("id") == name for one in self.told)

    def answers_to_say(self, name):
        """Acknowledgements, refusals, and errors; one after an acknowledgement is about the turn's end."""
        kinds = [one["type"] for one in self.told if one.get("id") == name and not is_refusal(one)]
        errors = kinds[: kinds.index("ack")] if "ack" in kinds else kinds
        return kinds.count("ack") + kinds.count("busy") + errors.count("error")

    def _nameless_errors(self):
        return sum(one["type"] == "error" and not one.get("id") for one in self.told)

    def _refusals(self, name):
        return sum(is_refusal(one) and one["id"] == name for one in self.told)

    def _acks(self, name):
        return [one for one in self.told if one["type"] == "ack" and one["id"] == name]

    def check(self, deleted):
        """What is true at any moment."""
        if self.line is not None:
            self.line.check()
        self.note_welcome()
        told = self.told
        assert [one["seq"] for one in told] == list(range(1, len(told) + 1))
        check_turns(told)
        starts = Counter(one["id"] for one in told if one["type"] == "turn.start")
        for name, asked in self.said.items():
            answers = self.answers_to_say(name)
            assert answers <= asked.most, f"{name} is answered {answers} times"
            errors = [one for one in told if one["type"] == "error" and one.get("id") == name and not is_refusal(one)]
            assert starts[name] <= 1 + len(errors)
            assert len({(one["history"], one["message"]) for one in self._acks(name)}) <= 1
            assert self._refusals(name) <= (self.otherwise[name].most if name in self.otherwise else 0)
            assert all(one["code"] == "no-such-history" and deleted for one in errors), errors
        for name, asked in self.asked.items():
            assert self._answers(name) <= asked.most
        assert self._nameless_errors() <= self.nameless.most
        self.note_acknowledged()

    def owed(self):
        """What is still to come."""
        kinds = Counter(one["type"] for one in self.told)
        return [
            *(name for name, asked in self.said.items() if self.answers_to_say(name) < asked.least),
            *(name for name, asked in self.asked.items() if self._answers(name) < asked.least),
            *(f"refusal of {name}" for name, asked in self.otherwise.items() if self._refusals(name) < asked.least),
            *(["error"] if self._nameless_errors() < self.nameless.least else []),
            *(["turn.end"] if kinds["turn.start"] > kinds["turn.end"] else []),
        ]

    def note_acknowledged(self):
        """Keep what is acknowledged."""
        for one in self.told:
            if one["type"] == "ack" and one["id"] in self.said:
                self.acked[one["history"], one["message"]] = self.said[one["id"]].text

    @property
    def acknowledged(self):
        """The ids that are acknowledged, and had their turn in this session."""
        started = {one["id"] for one in self.told if one["type"] == "turn.start"}
        return [name for name in self.said if name in started and self._acks(name)]

    @property
    def histories(self):
        """The histories that it was in, the present one last."""
        entered = [one["history"] for one in self.told if one["type"] in {"ack", "history.open", "character"}]
        return list(dict.fromkeys([self.welcome["history"], *entered][::-1]))[::-1] if self.welcome else []


def is_numbered(frame):
    return "seq" in frame and frame["type"] != "welcome"


def is_refusal(frame):
    return frame["type"] == "error" and frame["code"] == "id-taken"


def check_turns(told):
    """One turn at a time, each with one end; nothing of it comes after, and no sentence after its flush."""
    running, last, flushed = 0, 0, set()
    for one in told:
        match one["type"]:
            case "turn.start":
                assert not running
                assert one["turn"] > last
                running = last = one["turn"]
            case "turn.end":
                assert one["turn"] == running
                running = 0
            case "flush":
                flushed.add(one["turn"])
            case kind if kind in TURN_FRAMES:
                assert one["turn"] == running
                assert kind == "tool" or one["turn"] not in flushed


class Guest:
    """A client of Open-LLM-VTuber's protocol, on one connection, alone or in the room."""

    def __init__(self, line):
        self.line = line
        self.said = []
        self.garbage = 0

    @classmethod
    async def open(cls, url):
        return cls(await Line.open(url))

    async def say(self, text):
        self.said.append(text)
        await self.line.send({"type": "text-input", "text": text})

    async def send_garbage(self, frame):
        self.garbage += 1
        await self.line.send(frame)

    def count(self, kind, text=None):
        """How often it was told this."""
        return sum(one["type"] == kind and text in {None, one.get("text")} for one in self.line.told)

    @property
    def turns(self):
        """The starts and ends of turns, as they came."""
        ends = {"conversation-chain-start": "start", "conversation-chain-end": "end"}
        controls = [one["text"] for one in self.line.told if one["type"] == "control"]
        return [ends[text] for text in controls if text in ends]

    def check(self):
        """Each start has its end; in a room one may come into the middle of a turn."""
        self.line.check()
        turns = self.turns
        assert all(one != following for one, following in pairwise(turns)), turns

    @property
    def is_quiet(self):
        """Whether every turn that it was told of has ended."""
        return not self.turns or self.turns[-1] == "end"

    @property
    def is_answered(self):
        """Whether every message has had its turn or its error. Alone on its connection."""
        return self.is_quiet and self.turns.count("start") + self.count("error") >= len(self.said) + self.garbage
