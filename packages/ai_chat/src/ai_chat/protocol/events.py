"""What the server tells a client, whatever wire format it speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Event:
    """Something a client is told. `id` quotes the request that it answers."""

    id: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class CharacterIs(Event):
    """The character of the session, told first and after every switch."""

    file: str
    name: str
    uid: str
    avatar: str
    model: str
    history: str = ""
    client: str = ""
    switched: bool = False


@dataclass(frozen=True, slots=True)
class Ack(Event):
    """What was said is committed to the history as `message`."""

    history: str
    message: int


@dataclass(frozen=True, slots=True)
class Transcript(Event):
    """What was heard through the microphone, or said by another member of the room."""

    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class TurnStarted(Event):
    """A turn begins. Turns of a session are numbered from 1."""

    turn: int


@dataclass(frozen=True, slots=True)
class Sentence(Event):
    """One sentence of the answer. `pcm` is its speech: mono, 16 bit little-endian; empty when it is not spoken."""

    turn: int
    index: int
    text: str
    pcm: bytes = b""
    sample_rate: int = 16_000
    name: str = ""
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class ToolStatus(Event):
    """A tool call of the turn, told at its start and at its end."""

    turn: int
    call: str
    name: str
    status: Literal["running", "completed", "error", "cancelled"]
    content: str = ""


@dataclass(frozen=True, slots=True)
class Flush(Event):
    """The turn was interrupted: stop showing and playing it. Its `TurnEnded` follows once the rest is committed."""

    turn: int


@dataclass(frozen=True, slots=True)
class SpeechComplete(Event):
    """The last sentence of the turn is on its way."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnEnded(Event):
    """The turn is over and what is remembered of it is committed. `message` is 0 when nothing was said."""

    turn: int
    reason: Literal["done", "interrupted", "failed"]
    heard: str = ""
    message: int = 0


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A history in a list. Times are seconds since the epoch."""

    uid: str
    title: str
    updated: float
    messages: int
    last: str = ""
    last_role: str = ""


@dataclass(frozen=True, slots=True)
class MessageItem:
    """A message of a history. Times are seconds since the epoch; `id` is the client's name of it, if it has one."""

    number: int
    role: Literal["human", "ai"]
    text: str
    time: float
    name: str = ""
    history: str = ""
    interrupted: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Histories(Event):
    """The histories of the character, the latest first."""

    histories: tuple[HistoryItem, ...]


@dataclass(frozen=True, slots=True)
class HistoryOpened(Event):
    """The history that the session goes on with, and the last messages of it, as many as a client takes at once."""

    history: str
    messages: tuple[MessageItem, ...]
    created: bool = False


@dataclass(frozen=True, slots=True)
class Found(Event):
    """The messages that a search found, the latest first, as many as a client takes at once."""

    messages: tuple[MessageItem, ...]


@dataclass(frozen=True, slots=True)
class HistoryRenamed(Event):
    """Whether a history was renamed."""

    history: str
    title: str
    success: bool


@dataclass(frozen=True, slots=True)
class HistoryDeleted(Event):
    """Whether a history was deleted."""

    history: str
    success: bool


@dataclass(frozen=True, slots=True)
class HistoryExported(Event):
    """A part of a whole history, counted from 0; `more` when others follow."""

    history: str
    title: str
    messages: tuple[MessageItem, ...]
    part: int
    more: bool


@dataclass(frozen=True, slots=True)
class Characters(Event):
    """The characters one can switch to: (file, name)."""

    characters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Backgrounds(Event):
    """The background pictures: none."""


@dataclass(frozen=True, slots=True)
class Group(Event):
    """The members of the room."""

    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeartbeatAck(Event):
    """The server is alive."""


@dataclass(frozen=True, slots=True)
class Problem(Event):
    """A request that failed. `code` is for programs, `text` for people."""

    code: str
    text: str
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Busy(Event):
    """The server cannot take this now; try again after `retry_after` seconds."""

    reason: str
    retry_after: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bye(Event):
    """The server closes the connection. With `resume` the same session goes on for who comes back in time."""

    reason: str
    resume: bool = False
