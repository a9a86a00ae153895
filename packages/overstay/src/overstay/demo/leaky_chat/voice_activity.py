"""Tells speech from silence, in a thread of its own for each client."""

import queue
import threading

LOUD = 0.2


class VoiceActivity:
    """Listens to the loudness of a client's microphone."""

    def __init__(self) -> None:
        self.is_speaking = False
        self._loudness: queue.Queue[float] = queue.Queue()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, daemon=True).start()  # planted: voice-thread

    def hear(self, loudness: float) -> None:
        """Take the loudness of one more piece of sound, from 0 to 1."""
        self._loudness.put(loudness)

    def _listen(self) -> None:
        while True:
            self.is_speaking = self._loudness.get() > LOUD
