"""A speech engine that speaks in tones: one a syllable, so that order, length and interruption can be heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np

from ai_chat.tts.tts_interface import Speech, SpeechProblem

SAMPLE_RATE = 16_000  # per second
TONE = 0.06  # seconds a character, about the pace of speech
LONGEST = 200  # characters of a sentence that are spoken


class ToneTTS:
    """Tones in place of words, made in a pool of threads that all sessions share.

    `wait` is called in the thread before the tones are made; tests use it to have a slow engine.
    """

    def __init__(self, *, threads: int = 2, seconds: float = 20.0, wait: Callable[[], None] = lambda: None) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tone-tts")
        self._seconds = seconds
        self._wait = wait
        self._running = 0
        self._lock = Lock()

    @property
    def running(self) -> int:
        """Syntheses whose thread still works."""
        return self._running

    async def speak(self, text: str, *, voice: str) -> Speech:
        """One tone a character. Raises `SpeechProblem` when no thread answers in time."""
        work = asyncio.get_running_loop().run_in_executor(self._pool, self._make, text, voice)
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except TimeoutError as err:
            raise SpeechProblem("speech-slow", seconds=self._seconds) from err

    def _make(self, text: str, voice: str) -> Speech:
        with self._lock:
            self._running += 1
        try:
            self._wait()
            return Speech(make_tones(text, voice), SAMPLE_RATE)
        finally:
            with self._lock:
                self._running -= 1

    async def close(self) -> None:
        """End the threads, waiting for what they work on."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)


def make_tones(text: str, voice: str) -> bytes:
    """The tones of a text: mono, 16 bit little-endian PCM at `SAMPLE_RATE`. The same text sounds the same."""
    characters = [character for character in text[:LONGEST] if character.isalnum()] or ["."]
    base = 180.0 + sum(map(ord, voice)) % 80  # Hz: a voice has its own pitch
    steps = np.array([ord(character) % 13 for character in characters])
    frequencies = np.repeat(base * 2 ** (steps / 12), int(TONE * SAMPLE_RATE))
    phase = 2 * np.pi * np.cumsum(frequencies) / SAMPLE_RATE
    fade = np.minimum(1.0, np.minimum(np.arange(phase.size), np.arange(phase.size)[::-1]) / 160)
    return (np.sin(phase) * fade * 8_000).astype("<i2").tobytes()
