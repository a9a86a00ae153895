"""Speaks the sentences of one turn: several at a time, told in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ai_chat.tts.tts_interface import Speech, SpeechProblem, TTSEngine

AT_ONCE = 2  # syntheses of one turn


@asynccontextmanager
async def open_tts_manager(
    engine: TTSEngine, voice: str, tell: Callable[[str, Speech], None]
) -> AsyncGenerator[TTSManager, None]:
    """The speech of a turn; leaving waits until every sentence was told.

    When the turn is cancelled, also while it waits there, so are the sentences that were not told.
    """
    async with asyncio.TaskGroup() as group:
        manager = TTSManager(engine, voice, tell, group)
        yield manager
        await manager.finish()


class TTSManager:
    """Speaks in the tasks of a group, that of `open_tts_manager`.

    At most `AT_ONCE` sentences are being spoken, and as many wait: `say` waits while there are more, which holds the
    language model back. A sentence that cannot be spoken is told as text. Speech stays in memory: no file is made, so
    none can be left.
    """

    def __init__(
        self, engine: TTSEngine, voice: str, tell: Callable[[str, Speech], None], group: asyncio.TaskGroup
    ) -> None:
        self._engine = engine
        self._voice = voice
        self._tell = tell
        self._group = group
        self._speaking = asyncio.Semaphore(AT_ONCE)
        self._line: asyncio.Queue[tuple[str, asyncio.Task[Speech]] | None] = asyncio.Queue(AT_ONCE)
        group.create_task(self._tell_in_order(), name="speech in order")

    async def finish(self) -> None:
        """Say that no sentence follows."""
        await self._line.put(None)

    async def say(self, sentence: str) -> None:
        """Speak the sentence after those before it."""
        await self._line.put((sentence, self._group.create_task(self._speak(sentence), name="speech")))

    async def _speak(self, sentence: str) -> Speech:
        async with self._speaking:
            try:
                return await self._engine.speak(sentence, voice=self._voice)
            except SpeechProblem:
                return Speech(b"", 16_000)

    async def _tell_in_order(self) -> None:
        while (sentence := await self._line.get()) is not None:
            text, speech = sentence
            self._tell(text, await speech)
