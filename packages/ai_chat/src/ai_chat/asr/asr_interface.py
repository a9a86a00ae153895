"""The contract of speech recognition. No engine ships with this version: a client's microphone is answered politely."""

from __future__ import annotations

from typing import Protocol


class ASREngine(Protocol):
    """Speech recognition. One engine is made for the whole server; it holds nothing of a session between two calls."""

    async def transcribe(self, pcm: bytes) -> str:
        """The words in `pcm`: 16 kHz, mono, 16 bit little-endian."""
        ...

    async def close(self) -> None:
        """End the engine's threads. A second call does nothing."""
        ...
