"""What a session has told its client: numbered, bounded, and kept until seen when the session can be resumed."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import fields, replace
from typing import NamedTuple

from ai_chat.protocol.events import Event, Sentence, SpeechComplete

OVERHEAD = 400  # bytes of a frame's objects, measured with sys.getsizeof on events with short texts


class Frame(NamedTuple):
    """An event on its way. `seq` is 0 for what is not kept."""

    seq: int
    event: Event
    size: int


class OutboxFull(Exception):  # noqa: N818 - a state of the line, told to its reader
    """The client did not take what it was told: from here on something is missing."""


class Outbox:
    """A bounded line of events with one reader, the connection's writer.

    Events are numbered when they are taken, so what is taken back before that leaves no gap.
    With `keep`, taken events stay until `seen`. When the bound is reached, speech gives way first, the oldest before
    the others and what was taken before what waits: its text is told without it. Then the oldest taken events go, and
    `rewind` can only refuse. `is_full` claims that the client is too slow: events are lost from then on.
    One event is always taken in, however large: it says nothing of the client.
    """

    def __init__(self, limit: int, *, keep: bool) -> None:
        self._limit = limit
        self._keep = keep
        self._waiting: deque[Frame] = deque()
        self._taken: deque[Frame] = deque()
        self._size = 0
        self._last = 0  # the number of the last numbered event that was taken
        self._arrived = asyncio.Event()
        self._emptied = asyncio.Event()
        self.is_full = False

    @property
    def last(self) -> int:
        """The number of the last event that was taken."""
        return self._last

    def put(self, event: Event, *, numbered: bool = True) -> None:
        """Put an event in the line; it is dropped when the outbox is full."""
        size = size_of(event)
        while self._size + size > self._limit and self._give_way():
            pass
        if self._size + size > self._limit and self._waiting:
            self.is_full = True
        if not self.is_full:
            self._waiting.append(Frame(-1 if numbered else 0, event, size))
            self._size += size
        self._arrived.set()

    def _give_way(self) -> bool:
        """Let go of the least that is kept or waits; whether there was anything."""
        if self._mute_oldest(self._taken) or self._mute_oldest(self._waiting):
            return True
        if self._taken:
            self._size -= self._taken.popleft().size
            return True
        return False

    def _mute_oldest(self, frames: deque[Frame]) -> bool:
        for place, frame in enumerate(frames):
            if isinstance(frame.event, Sentence) and frame.event.pcm:
                self._size -= len(frame.event.pcm)
                frames[place] = Frame(frame.seq, replace(frame.event, pcm=b""), frame.size - len(frame.event.pcm))
                return True
        return False

    async def wait_empty(self) -> None:
        """Wait until the reader has taken all that waits."""
        while self._waiting:
            self._emptied.clear()
            await self._emptied.wait()

    async def take(self) -> Frame:
        """The next event, with its number. Waits for one; raises `OutboxFull` when one was dropped."""
        while not self._waiting and not self.is_full:
            self._arrived.clear()
            await self._arrived.wait()
        if self.is_full:
            raise OutboxFull
        frame = self._waiting.popleft()
        if not self._waiting:
            self._emptied.set()
        if frame.seq < 0:
            self._last += 1
            frame = frame._replace(seq=self._last)
        if self._keep and frame.seq:
            self._taken.append(frame)
        else:
            self._size -= frame.size
        return frame

    def take_back(self, turn: int) -> int:
        """Drop the speech of a turn that waits; how many sentences that is. What else waits of the turn is told."""
        sentences = sum(isinstance(event, Sentence) and event.turn == turn for _, event, _ in self._waiting)
        self._keep_only([frame for frame in self._waiting if not _is_speech(frame.event, turn)])
        return sentences

    def drop_unkept(self) -> None:
        """Drop what waits without a number: it was meant for a connection that is gone."""
        self._keep_only([frame for frame in self._waiting if frame.seq])

    def _keep_only(self, frames: list[Frame]) -> None:
        self._waiting = deque(frames)
        self._emptied.set()  # perhaps
        self._size = sum(frame.size for frame in (*self._waiting, *self._taken))

    def seen(self, seq: int) -> None:
        """Forget the events up to and including `seq`."""
        while self._taken and self._taken[0].seq <= seq:
            self._size -= self._taken.popleft().size

    def rewind(self, seq: int) -> bool:
        """Put every taken event after `seq` in the line again; False when one of them is gone."""
        first = self._taken[0].seq if self._taken else self._last + 1
        if self.is_full or not first - 1 <= seq <= self._last:
            return False
        again = [frame._replace(seq=-1) for frame in self._taken if frame.seq > seq]
        self.seen(self._last)
        self._waiting.extendleft(reversed(again))
        self._size += sum(frame.size for frame in again)
        self._last = seq
        self._arrived.set()
        return True


def _is_speech(event: Event, turn: int) -> bool:
    return isinstance(event, Sentence | SpeechComplete) and event.turn == turn


def size_of(event: Event) -> int:
    """About how many bytes an event takes, in memory and on the wire; lists are counted by their texts."""
    size = OVERHEAD
    for field in fields(event):
        size += _size_of_value(getattr(event, field.name))
    return size


def _size_of_value(value: object) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, str):
        return 2 * len(value)
    if isinstance(value, tuple):
        return sum(map(size_of_item, value))
    return 0


def size_of_item(item: object) -> int:
    """The same of an item of a list."""
    return OVERHEAD + 2 * len(getattr(item, "text", ""))
