"""The contract of a speech engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ai_chat.problems import ChatProblem


class SpeechProblem(ChatProblem):
    """A sentence could not be spoken."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech in memory, never in a file: mono, 16 bit little-endian PCM."""

    pcm: bytes
    sample_rate: int

    @property
    def seconds(self) -> float:
        """How long it takes to play."""
        return len(self.pcm) / 2 / self.sample_rate


class TTSEngine(Protocol):
    """A speech engine. One is made for the whole server; it holds nothing of a session between two calls."""

    @property
    def running(self) -> int:
        """Syntheses whose thread still works, those included whose caller has gone."""
        ...

    async def speak(self, text: str, *, voice: str) -> Speech:
        """The speech of one sentence.

        Cancelling returns at once; a thread that works on it goes on, counted by `running`, and its result is
        dropped. Raises `SpeechProblem`.
        """
        ...

    async def close(self) -> None:
        """End the engine's threads, waiting for what they work on. A second call does nothing."""
        ...
