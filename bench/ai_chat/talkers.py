"""Clients of both protocols: they talk until the server is gone, and keep what they were told is in the history."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import websockets

OPENINGS = ("hello,", "你好，", "what is 6 times 7?", "a remark:", "please tell me a story,")
ANSWER_SECONDS = 30.0

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a client knows it: `number` is 0 where its protocol has none."""

    role: str
    text: str
    number: int = 0

    def is_same(self, other: Message) -> bool:
        """Whether they are the same message; spaces between sentences are the reader's."""
        numbers = {self.number, other.number}
        return self.role == other.role and _letters(self) == _letters(other) and (0 in numbers or len(numbers) == 1)


def _letters(message: Message) -> str:
    return "".join(message.text.split())


class Page:
    """A client with a history of its own, which it finds again."""

    path = ""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.history = ""
        self.kept: list[Message] = []  # what the server has said to be committed
        self.texts: list[str] = []  # all that was said
        self.unsure = ""  # said, and not known to be committed
        self._chance = random.Random(seed)
        self._haste = self._chance.random()

    async def talk(self, port: int) -> None:
        """Talk until the connection breaks."""
        try:
            async with self.connected(port) as line:
                while True:
                    await self.say_next(line)
        except (OSError, websockets.WebSocketException):
            return

    @asynccontextmanager
    async def connected(self, port: int) -> AsyncGenerator[Line, None]:
        """A connection that is ready to talk on the page's history."""
        url = f"ws://127.0.0.1:{port}{self.path}"
        async with websockets.connect(url, ping_interval=None, max_size=None) as socket:
            line = Line(socket)
            await self.greet(line)
            yield line

    async def greet(self, line: Line) -> None:
        """Say what the protocol wants first."""
        raise NotImplementedError

    async def say_next(self, line: Line) -> None:
        """Say something new, and keep what is told of it."""
        raise NotImplementedError

    async def messages(self, port: int) -> list[Message]:
        """The history as the server shows it."""
        raise NotImplementedError

    async def say_again(self, port: int) -> bool:
        """Say again what may be lost; whether it had been committed before."""
        raise NotImplementedError

    def new_text(self) -> str:
        """A text that nobody has said before."""
        self.unsure = f"{self._chance.choice(OPENINGS)} says {self.name}, number {len(self.texts)}"
        self.texts.append(self.unsure)
        return self.unsure


class Line:
    """The frames of a connection, as JSON."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket

    async def send(self, **fields: object) -> None:
        """Send a frame."""
        await self._socket.send(json.dumps(fields))

    async def next(self) -> Frame:
        """The next frame that is no speech."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while isinstance(frame := await self._socket.recv(), bytes):
                pass
        told: Frame = json.loads(frame)
        return told

    async def until(self, kind: str, **fields: object) -> Frame:
        """The next frame of a type with these fields."""
        while not ((told := await self.next())["type"] == kind and fields.items() <= told.items()):
            pass
        return told


class NativePage(Page):
    """A client of `/v1/ws`: `ack` says that what was said is committed, `turn.end` that the answer is."""

    path = "/v1/ws"

    async def greet(self, line: Line) -> None:
        """Say hello, on the history that there is."""
        await line.send(type="hello", version=1, history=self.history, audio=self._chance.random() < 0.5)
        self.history = (await line.until("welcome"))["history"]

    async def say_next(self, line: Line) -> None:
        """Say something; the more haste the page has, the more often it says the next thing into the answer."""
        text = self.new_text()
        await line.send(type="say", id=text, text=text)
        waits_for = "ack" if self._chance.random() < self._haste else "turn.end"
        while (told := await line.next())["type"] != waits_for or told["id"] != text:
            self._keep(told)
        self._keep(told)

    def _keep(self, told: Frame) -> None:
        if told["type"] in {"error", "busy"}:
            raise AssertionError(told)
        if told["type"] == "ack":
            self.kept.append(Message("human", told["id"], told["message"]))
            if self.unsure == told["id"]:
                self.unsure = ""
        if told["type"] == "turn.end" and told["message"]:
            self.kept.append(Message("ai", told["heard"], told["message"]))

    async def messages(self, port: int) -> list[Message]:
        """The exported history; empty when there is none."""
        async with self.connected(port) as line:
            return await self._exported(line)

    async def _exported(self, line: Line) -> list[Message]:
        await line.send(type="history.export", id="export", history=self.history)
        told: dict[str, Any] = {"more": True}
        messages: list[Message] = []
        while told.get("more"):
            while (told := await line.next()).get("id") != "export":
                pass
            messages += [Message(one["role"], one["text"], one["number"]) for one in told.get("messages", ())]
        return messages

    async def say_again(self, port: int) -> bool:
        """With the same id: what is committed is only acknowledged, anything else is answered."""
        text = self.unsure
        async with self.connected(port) as line:
            was_there = text in {one.text for one in await self._exported(line)}
            await line.send(type="say", id=text, text=text)
            if was_there:
                self._keep(await line.until("ack", id=text))
                await line.send(type="ping")
                assert (await line.next())["type"] == "pong", "a second turn began"
            else:
                while (told := await line.next())["type"] != "turn.end":
                    self._keep(told)
                self._keep(told)
        return was_there


class OpenLLMVTuberPage(Page):
    """A client of `/client-ws`: the end of the turn says that what was said and the answer are committed."""

    path = "/client-ws"

    async def greet(self, line: Line) -> None:
        """Begin a history."""
        if not self.history:
            await line.send(type="create-new-history")
            self.history = (await line.until("new-history-created"))["history_uid"]

    async def say_next(self, line: Line) -> None:
        """Say something, and wait for the end of the turn."""
        text, answer = self.new_text(), ""
        await line.send(type="text-input", text=text)
        while (told := await line.next()).get("text") != "conversation-chain-end":
            if told["type"] == "error":
                raise AssertionError(told)
            if told["type"] == "audio":
                answer += told["display_text"]["text"]
        self.unsure = ""
        self.kept += [Message("human", text), Message("ai", answer)]

    async def messages(self, port: int) -> list[Message]:
        """The history; empty when nothing of it is there."""
        if not self.history:
            return []
        async with self.connected(port) as line:
            await line.send(type="fetch-and-set-history", history_uid=self.history)
            while (told := await line.next())["type"] not in {"history-data", "error"}:
                pass
        return [Message(one["role"], one["content"]) for one in told.get("messages", ())]

    async def say_again(self, port: int) -> bool:  # noqa: ARG002 - this protocol has no ids, so nothing is said again
        """Nothing is said again: this protocol has no ids."""
        return False
