"""The wire format of Open-LLM-VTuber, spoken at `/client-ws` and `/proxy-ws`: its clients connect unchanged.

Source: its documentation and front end. What a client only shows is in its language. `Thinking...` is not: the front
end compares it, to take it away when the answer is interrupted before its first sentence, and other clients do, too.
"""

from __future__ import annotations

import base64
import io
import json
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ai_chat.catalogue import text
from ai_chat.problems import ChatProblem
from ai_chat.protocol import commands as c
from ai_chat.protocol import events as e
from ai_chat.protocol.fields import read, read_object, read_type, require

SLICE = 20  # ms of speech a volume


Fields = dict[str, Any]
Teller = Callable[[Any], list[Fields]]


@dataclass(frozen=True, slots=True)
class StatusLine(e.Event):
    """A line of status that the page shows, by its code."""

    code: str


class OpenLLMVTuberCodec:
    """JSON text frames; speech is a WAV in base64. `lang` is that of the client."""

    def __init__(self, *, longest_text: int, lang: str) -> None:
        self._longest_text = longest_text
        self._lang = lang

    def decode(self, frame: str | bytes) -> c.Command:
        """What a frame asks for."""
        message = read_object(frame)
        kind = read_type(message)
        if kind == "text-input":
            return c.Say(text=require(message, "text", longest=self._longest_text))
        build = BUILDERS.get(kind)
        if build is None:
            raise ChatProblem("unknown-type", type=kind[:40])
        return build(message)

    def encode(self, event: e.Event, seq: int) -> Sequence[str | bytes]:  # noqa: ARG002 - this format has no numbers
        """The frames that tell `event`."""
        if isinstance(event, StatusLine):
            tell: Teller | None = self._tell_status
        elif isinstance(event, e.CharacterIs):
            tell = self._tell_character
        else:
            tell = TELLERS.get(type(event))
        return () if tell is None else [json.dumps(fields, ensure_ascii=False) for fields in tell(event)]

    def _tell_status(self, event: StatusLine) -> list[Fields]:
        return [{"type": "full-text", "text": text(event.code, self._lang)}]

    def _tell_character(self, event: e.CharacterIs) -> list[Fields]:
        conf = {
            "type": "set-model-and-conf",
            "model_info": {"name": event.model} if event.model else None,
            "conf_name": event.name,
            "conf_uid": event.uid,
            "client_uid": event.client,
        }
        switched = {"type": "config-switched", "message": text("character-switched", self._lang, file=event.file)}
        return [conf, switched] if event.switched else [conf]


def _tell_sentence(event: e.Sentence) -> list[Fields]:
    return [
        {
            "type": "audio",
            "audio": base64.b64encode(make_wav(event)).decode() if event.pcm else None,
            "volumes": make_volumes(event),
            "slice_length": SLICE,
            "display_text": {"text": event.text, "name": event.name, "avatar": event.avatar},
            "actions": None,
            "forwarded": False,
        }
    ]


def make_wav(event: e.Sentence) -> bytes:
    """The speech of a sentence as a WAV file in memory."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(event.sample_rate)
        file.writeframes(event.pcm)
    return buffer.getvalue()


def make_volumes(event: e.Sentence) -> list[float]:
    """The loudness of each slice, 0 to 1 and 1 for the loudest."""
    samples = np.frombuffer(event.pcm, "<i2").astype(np.float32)
    length = event.sample_rate * SLICE // 1_000
    if samples.size < length:
        return []
    slices = samples[: samples.size // length * length].reshape(-1, length)
    loudness = np.sqrt((slices**2).mean(axis=1))
    most = float(loudness.max())
    return [round(float(value) / most, 3) for value in loudness] if most else [0.0] * len(loudness)


def _tell_tool(event: e.ToolStatus) -> list[Fields]:
    return [
        {
            "type": "tool_call_status",
            "tool_id": event.call,
            "tool_name": event.name,
            "status": "error" if event.status == "cancelled" else event.status,
            "content": event.content,
            "timestamp": _format_time(time.time()),
        }
    ]


def _tell_turn_end(event: e.TurnEnded) -> list[Fields]:
    end = {"type": "control", "text": "conversation-chain-end"}
    return [{"type": "force-new-message"}, end] if event.reason == "done" else [end]


def _tell_histories(event: e.Histories) -> list[Fields]:
    return [
        {
            "type": "history-list",
            "histories": [
                {
                    "uid": one.uid,
                    "latest_message": {
                        "role": one.last_role,
                        "timestamp": _format_time(one.updated),
                        "content": one.last,
                    },
                    "timestamp": _format_time(one.updated),
                }
                for one in event.histories
            ],
        }
    ]


def _tell_history(event: e.HistoryOpened) -> list[Fields]:
    if event.created:
        return [{"type": "new-history-created", "history_uid": event.history}]
    messages = [
        {"role": one.role, "timestamp": _format_time(one.time), "content": one.text, "name": one.name, "avatar": ""}
        for one in event.messages
    ]
    return [{"type": "history-data", "messages": messages}]


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


TELLERS: dict[type[e.Event], Teller] = {
    e.Backgrounds: lambda _event: [{"type": "background-files", "files": []}],
    e.Busy: lambda event: [{"type": "error", "message": event.text}],
    e.Characters: lambda event: [
        {
            "type": "config-files",
            "configs": [{"filename": file, "name": name} for file, name in event.characters],
        }
    ],
    e.Flush: lambda _event: [{"type": "control", "text": "interrupt"}],
    e.Group: lambda event: [{"type": "group-update", "members": list(event.members), "is_owner": False}],
    e.HeartbeatAck: lambda _event: [{"type": "heartbeat-ack"}],
    e.Histories: _tell_histories,
    e.HistoryDeleted: lambda event: [
        {"type": "history-deleted", "success": event.success, "history_uid": event.history}
    ],
    e.HistoryOpened: _tell_history,
    e.Problem: lambda event: [{"type": "error", "message": event.text}],
    e.Sentence: _tell_sentence,
    e.SpeechComplete: lambda _event: [{"type": "backend-synth-complete"}],
    e.ToolStatus: _tell_tool,
    e.Transcript: lambda event: [{"type": "user-input-transcription", "text": event.text}],
    e.TurnEnded: _tell_turn_end,
    e.TurnStarted: lambda _event: [
        {"type": "control", "text": "conversation-chain-start"},
        {"type": "full-text", "text": "Thinking..."},
    ],
}
BUILDERS: dict[str, Callable[[Fields], c.Command]] = {
    "ai-speak-signal": lambda _m: c.SpeakUp(),
    "interrupt-signal": lambda m: c.Interrupt(heard=read(m, "text", "", longest=100_000)),
    "mic-audio-data": lambda _m: c.MicAudio(),
    "raw-audio-data": lambda _m: c.MicAudio(),
    "mic-audio-end": lambda _m: c.MicEnd(),
    "audio-play-start": lambda _m: c.Nothing(),
    "frontend-playback-complete": lambda _m: c.Nothing(),
    "fetch-history-list": lambda _m: c.ListHistories(),
    "create-new-history": lambda _m: c.NewHistory(),
    "fetch-and-set-history": lambda m: c.OpenHistory(history=require(m, "history_uid")),
    "delete-history": lambda m: c.DeleteHistory(history=require(m, "history_uid")),
    "fetch-configs": lambda _m: c.ListCharacters(),
    "switch-config": lambda m: c.SwitchCharacter(character=require(m, "file")),
    "fetch-backgrounds": lambda _m: c.ListBackgrounds(),
    "request-init-config": lambda _m: c.Introduce(),
    "add-client-to-group": lambda _m: c.GroupRequest(change=True),
    "remove-client-from-group": lambda _m: c.GroupRequest(change=True),
    "request-group-info": lambda _m: c.GroupRequest(),
    "heartbeat": lambda _m: c.Heartbeat(),
}
