"""A speech engine that says nothing: text only."""

from __future__ import annotations

from ai_chat.tts.tts_interface import Speech


class SilentTTS:
    """No speech: every sentence is shown and not spoken."""

    running = 0

    async def speak(self, text: str, *, voice: str) -> Speech:  # noqa: ARG002 - the contract of a speech engine
        """Nothing, at once."""
        return Speech(b"", 16_000)

    async def close(self) -> None:
        """Nothing to end."""
