"""The contract of voice activity detection."""

from __future__ import annotations

from typing import Protocol


class VoiceState(Protocol):
    """What the detector remembers of one session's microphone. Belongs to the session, ends with it."""


class VADEngine(Protocol):
    """Voice activity detection. The engine is shared; the state is handed in by the session."""

    def begin(self) -> VoiceState:
        """The state of a microphone that has said nothing."""
        ...

    def hear(self, state: VoiceState, pcm: bytes) -> bool:
        """Whether there is speech in `pcm`: 16 kHz, mono, 16 bit little-endian, 32 ms of it."""
        ...
