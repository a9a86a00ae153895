"""One open connection of a visit: what was said on it, and the ways to end it."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence

from overstay.errors import OverstayError, TargetError
from overstay.visits.channel import Channel
from overstay.visits.destination import Location
from overstay.visits.dialer import Dialed
from overstay.visits.record import Connection

Message = str | bytes

PATIENCE_S = 2.0
"""How long a client waits for the server's part of a farewell."""

GREETING_S = 0.3
"""How long a visit without a file listens to a server that says nothing."""

QUIET_S = 0.05
"""How long a server says nothing before what it said counts as said."""

_FLOOD = 64


class Wire(ABC):
    """A connection and its conversation.

    A task of its own reads as long as the client is alive, so that pings are answered and an end is noticed while the
    visit does something else.
    """

    def __init__(self, dialed: Dialed, location: Location) -> None:
        self._channel: Channel = dialed.channel
        self._location = location
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._last_sent = b""
        self.at = dialed.at
        self.sessions = 0
        self.inbox: deque[Message] = deque()
        self.fault: OverstayError | None = None
        self.ended: str | None = None
        """How the server ended the connection: `FIN`, `RST`, `Close 1000`; None while it has not."""
        self.established_at: float | None = None
        self.messages_sent = 0
        self.first_sent_at: float | None = None
        self.first_reply_at: float | None = None
        self.answered_at: float | None = None
        """When the first bytes of an answer to what was sent last arrived; None while they have not."""

    @abstractmethod
    async def take(self, data: bytes) -> None:
        """Take in what the server sent."""

    def finish(self, how: str) -> None:
        """Take in that the server ended the connection."""
        self.ended = self.ended or how

    @property
    def joiner(self) -> str | None:
        """Return what stands between messages over which a text may be spread; None when each stands for itself."""
        return None

    @property
    def is_ending(self) -> bool:
        """Tell whether the server has ended the connection, or has said that it will."""
        return self.ended is not None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can come."""
        return self.ended is not None

    @property
    def connection(self) -> Connection:
        """Return what is to be recorded about this connection."""
        return Connection(self._channel.port, self.at, self.sessions, self._location.target)

    @property
    def first_reply_s(self) -> float | None:
        """Return the seconds to the first message, from the first one sent or else from the handshake."""
        asked_at = self.first_sent_at or self.established_at
        return None if asked_at is None or self.first_reply_at is None else self.first_reply_at - asked_at

    def start_reading(self) -> None:
        """Read from now on."""
        self._reader = asyncio.create_task(self._read(), name="overstay visit reader")

    async def stop_reading(self) -> None:
        """Never read again."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def next_message(self) -> Message | None:
        """Return the next message, or None when nothing more can come; raises what the server did wrong."""
        await self.wait_until(lambda: bool(self.inbox) or self.is_over)
        return self.inbox.popleft() if self.inbox else None

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until `is_so`; raises what the server did wrong meanwhile."""
        while not is_so():
            await self.news()

    async def news(self) -> None:
        """Wait until something more has come; raises what the server did wrong."""
        if self.fault is not None:
            raise self.fault
        self._news.clear()
        await self._news.wait()

    async def answer(self) -> None:
        """Wait for the first bytes of an answer to what was sent last; raises TargetError when the server ends."""
        await self.wait_until(lambda: self.answered_at is not None or self.is_over)
        if self.answered_at is None:
            raise self.end_while("reply")

    async def greeting(self) -> None:
        """Wait for what the server says by itself, until it is quiet or the time is up."""
        try:
            async with asyncio.timeout(GREETING_S):
                await self.wait_until(lambda: bool(self.inbox) or self.is_over)
                while not self.is_over:
                    async with asyncio.timeout(QUIET_S):
                        await self.news()
        except TimeoutError:
            return

    def end_while(self, waited_for: str) -> TargetError:
        """Return the error that says how the server ended while the visit waited."""
        return TargetError("visit.ended-by-server", waited_for=waited_for, how=self.ended or "")

    async def close(self) -> None:
        """Leave politely: what the protocol has for a farewell, then FIN."""
        await self.stop_reading()
        self._channel.farewell()
        self._channel.fin()

    async def go_away(self) -> None:
        """Leave as a closing tab does: at once, with a word where the protocol has one for it."""
        self._channel.farewell()
        await self.abandon()

    async def abandon(self) -> None:
        """Leave by FIN, without a word."""
        # FIN before anything that gives the server time to answer.
        self._channel.shut()
        await self.stop_reading()
        self._channel.fin()

    async def reset(self) -> None:
        """Leave by RST."""
        await self.stop_reading()
        self._channel.reset()

    async def half_close(self) -> None:
        """Send FIN, read on until the server ends or patience does, and close."""
        self._channel.farewell()
        self._channel.shut()
        await self.wait_for_end()
        await self.abandon()

    async def fall_silent(self) -> None:
        """Neither read nor write again, and keep the socket open."""
        await self.stop_reading()

    async def stall(self) -> None:
        """Stop reading and ask again and again, so that the answers fill every buffer on their way; keep the socket."""
        await self.stop_reading()
        for _ in range(_FLOOD if self._last_sent and self.ended is None else 0):
            if not self._channel.send_now(self._last_sent):
                break
            self.messages_sent += 1

    def cut(self) -> None:
        """Send FIN and close the socket if it is still open; `stop_reading` comes first."""
        self._channel.fin()

    async def wait_for_end(self) -> None:
        """Wait until the server ends the connection, or until patience does."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.wait_until(lambda: self.ended is not None)
        except (TimeoutError, OverstayError):
            return

    async def transmit(self, data: bytes, *, may_repeat: bool = False) -> None:
        """Send bytes that begin or go on with something to be answered; raises TargetError when the server is gone."""
        now = time.monotonic()
        self.messages_sent += 1
        if self.first_sent_at is None:
            self.first_sent_at = now
            self.first_reply_at = None
        self.answered_at = None
        self._last_sent = data if may_repeat else b""
        await self.push(data)

    async def push(self, data: bytes) -> None:
        """Send bytes that are no message; raises TargetError when the server is gone."""
        try:
            await self._channel.send(data)
        except OSError as err:
            self.finish("RST")
            raise self.end_while("send") from err

    def note_answer(self) -> None:
        """Remember that the first bytes of a message came now."""
        now = time.monotonic()
        self.answered_at = self.answered_at or now
        self.first_reply_at = self.first_reply_at or now

    async def _read(self) -> None:
        how = "FIN"
        try:
            while data := await self._channel.receive():
                await self.take(data)
                self._news.set()
                # A receive that finds data does not suspend: without this a flood would keep the loop for itself.
                await asyncio.sleep(0)
        except OverstayError as err:
            self.fault = err
        except OSError:
            how = "RST"
        except Exception as err:  # a server under test may send what a protocol library never met
            self.fault = TargetError("visit.garbled", url=str(self._location), error=repr(err))
        if self.fault is None:
            self.finish(how)
        self._news.set()


async def cut_all(wires: Sequence[Wire]) -> None:
    """Close every socket that is still open, even when cancelled meanwhile."""
    try:
        for wire in wires:
            await wire.stop_reading()
    finally:
        for wire in wires:
            wire.cut()


def readable(data: bytes) -> Message:
    """Return `data` as text when it is text."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def written(message: object) -> Message:
    """Return `message` as it goes out: text and bytes as they are, anything else as JSON."""
    return message if isinstance(message, str | bytes) else json.dumps(message, ensure_ascii=False)


class TalkingWire(Wire):
    """A connection on which the client may speak at any time."""

    @abstractmethod
    async def send(self, message: Message) -> None:
        """Send one message."""

    @abstractmethod
    async def send_half(self, message: Message) -> None:
        """Send the first half of one message."""
