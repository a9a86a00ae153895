"""The native wire format of `/v1/ws`: docs/ai-chat/protocol.md."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ai_chat.problems import ChatProblem
from ai_chat.protocol import commands as c
from ai_chat.protocol import events as e
from ai_chat.protocol.fields import read, read_object, read_type, require

SPEECH_HEADER = struct.Struct("<III")  # turn, index, samples per second


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame of a client."""

    token: str = ""
    resume: str = ""
    last_seq: int = 0
    history: str = ""
    character: str = ""
    lang: str = ""
    audio: bool = True


@dataclass(frozen=True, slots=True)
class Welcome(e.Event):
    """The first frame of the server."""

    session: str
    resume: str
    resumed: bool
    seq: int
    heartbeat_s: float
    resume_s: float
    history: str
    character: dict[str, str]
    characters: tuple[dict[str, str], ...]
    llm: str


def read_hello(frame: str | bytes) -> Hello:
    """What the first frame says. Raises `ChatProblem`."""
    message = read_object(frame)
    if read_type(message) != "hello" or read(message, "version", 1) != 1:
        raise ChatProblem("hello-expected")
    return Hello(
        token=read(message, "token", "", longest=1_000),
        resume=read(message, "resume", ""),
        last_seq=read(message, "last_seq", 0),
        history=read(message, "history", ""),
        character=read(message, "character", ""),
        lang=read(message, "lang", ""),
        audio=read(message, "audio", True),
    )


class NativeCodec:
    """JSON text frames, and binary frames for speech."""

    def __init__(self, *, longest_text: int) -> None:
        self._longest_text = longest_text

    def decode(self, frame: str | bytes) -> c.Command:
        """What a frame asks for. Binary frames are microphone samples."""
        if isinstance(frame, bytes):
            return c.MicAudio(pcm=frame)
        message = read_object(frame)
        kind = read_type(message)
        name = read(message, "id", "", longest=64)
        if kind == "say":
            name = require(message, "id", longest=64)
            return c.Say(id=name, text=require(message, "text", longest=self._longest_text))
        if kind == "interrupt":
            heard = read(message, "heard", "", longest=100_000)
            return c.Interrupt(id=name, heard=heard if "heard" in message else None)
        build = BUILDERS.get(kind)
        if build is None:
            raise ChatProblem("unknown-type", type=kind[:40])
        return build(name, message)

    def encode(self, event: e.Event, seq: int) -> Sequence[str | bytes]:
        """The frames that tell `event`. Events of the other wire format have none."""
        if isinstance(event, e.Sentence):
            return _encode_sentence(event, seq)
        kind = TYPES.get(type(event))
        if kind is None:
            return ()
        told = _fields_of(event)
        if not event.id:
            del told["id"]
        if isinstance(event, e.CharacterIs):
            told = {"id": event.id, "character": character_fields(event), "history": event.history}
        if isinstance(event, e.Characters):
            told["characters"] = [{"file": file, "name": name} for file, name in event.characters]
        return (_frame(kind, seq, told),)


def character_fields(event: e.CharacterIs) -> dict[str, str]:
    """A character as clients see it."""
    return {"file": event.file, "name": event.name, "uid": event.uid, "avatar": event.avatar}


def _encode_sentence(event: e.Sentence, seq: int) -> Sequence[str | bytes]:
    told = {
        "turn": event.turn,
        "index": event.index,
        "text": event.text,
        "audio": len(event.pcm),
        "rate": event.sample_rate,
    }
    frame = _frame("sentence", seq, told)
    if not event.pcm:
        return (frame,)
    return (frame, SPEECH_HEADER.pack(event.turn, event.index, event.sample_rate) + event.pcm)


def _frame(kind: str, seq: int, told: dict[str, Any]) -> str:
    numbered = {"seq": seq} if seq else {}
    return json.dumps({"type": kind, **numbered, **told}, ensure_ascii=False, default=_fields_of)


def _fields_of(item: Any) -> dict[str, Any]:
    """The fields of an event, or of an item of a list. `asdict` would copy each, and hold up the loop at long lists."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


BUILDERS: dict[str, Callable[[str, dict[str, Any]], c.Command]] = {
    "played": lambda name, m: c.Played(id=name, turn=read(m, "turn", 0), sentence=read(m, "sentence", 0)),
    "seen": lambda name, m: c.Seen(id=name, seq=read(m, "seq", 0)),
    "ping": lambda name, _m: c.Heartbeat(id=name),
    "bye": lambda name, _m: c.Leave(id=name),
    "mic-end": lambda name, _m: c.MicEnd(id=name),
    "history.list": lambda name, _m: c.ListHistories(id=name),
    "history.new": lambda name, _m: c.NewHistory(id=name),
    "history.open": lambda name, m: c.OpenHistory(id=name, history=require(m, "history")),
    "history.delete": lambda name, m: c.DeleteHistory(id=name, history=require(m, "history")),
    "history.export": lambda name, m: c.ExportHistory(id=name, history=require(m, "history")),
    "history.rename": lambda name, m: c.RenameHistory(
        id=name, history=require(m, "history"), title=require(m, "title")
    ),
    "history.search": lambda name, m: c.SearchHistories(id=name, query=require(m, "query")),
    "character.list": lambda name, _m: c.ListCharacters(id=name),
    "character.switch": lambda name, m: c.SwitchCharacter(id=name, character=require(m, "character")),
}
TYPES: dict[type[e.Event], str] = {
    Welcome: "welcome",
    e.Ack: "ack",
    e.Busy: "busy",
    e.Bye: "bye",
    e.CharacterIs: "character",
    e.Characters: "character.list",
    e.Flush: "flush",
    e.Found: "history.search",
    e.HeartbeatAck: "pong",
    e.Histories: "history.list",
    e.HistoryDeleted: "history.delete",
    e.HistoryExported: "history.export",
    e.HistoryOpened: "history.open",
    e.HistoryRenamed: "history.rename",
    e.Problem: "error",
    e.SpeechComplete: "turn.spoken",
    e.ToolStatus: "tool",
    e.Transcript: "transcript",
    e.TurnEnded: "turn.end",
    e.TurnStarted: "turn.start",
}
