"""Text to speech: each reply becomes a sound file, sent in pieces."""

import math
import struct
import uuid
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RATE = 8000
PIECE = 256
MOUTH_RATE = 50
"""How many times a second the face on the page moves its mouth."""


@dataclass(frozen=True)
class Speech:
    """A spoken reply: its file, and how far the mouth is open at each moment."""

    path: Path
    volumes: list[float]

    def pieces(self) -> Iterator[bytes]:
        """Yield the sound as it is sent."""
        sound = self.path.read_bytes()
        for start in range(0, len(sound), PIECE):
            yield sound[start : start + PIECE]


class TTSManager:
    """Speaks into files of the cache folder."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        cache.mkdir(parents=True, exist_ok=True)

    def speak(self, text: str) -> Speech:
        """Speak into a new file; the caller removes it when it has been sent."""
        path = self._cache / f"{uuid.uuid4()}.wav"
        with wave.open(str(path), "wb") as sound:  # planted: speech-file
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(TONE)
        return Speech(path, [round(abs(math.sin(moment / 7 + len(text))), 4) for moment in range(4 * MOUTH_RATE)])

    def remove_file(self, speech: Speech) -> None:
        """Remove a file that has been sent."""
        speech.path.unlink()


TONE = b"".join(struct.pack("<h", int(8000 * math.sin(440 * math.tau * n / RATE))) for n in range(RATE // 16))
"""A sixteenth of a second of concert pitch: nobody listens to this server."""
