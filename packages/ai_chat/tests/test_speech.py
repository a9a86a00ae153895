"""The speech of a turn: told in order, and over when the turn is."""

import asyncio
import threading

from ai_chat.conversations.tts_manager import AT_ONCE, open_tts_manager
from ai_chat.tts.tone_tts import ToneTTS


def speaking():
    """The tasks that make or tell speech."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("speech")]


def test_turn_cancelled_while_its_last_sentences_wait_leaves_no_speech():
    """The line of sentences is full when the answer ends: leaving waits for it, and is cancelled there."""

    async def main():
        gate, told = threading.Event(), []
        engine = ToneTTS(wait=gate.wait)

        async def turn():
            async with open_tts_manager(engine, "default", lambda text, _speech: told.append(text)) as speech:
                for number in range(AT_ONCE + 1):  # one is taken out of the line, the others fill it
                    await speech.say(f"Sentence {number}.")

        running = asyncio.create_task(turn())
        while engine.running < AT_ONCE:
            await asyncio.sleep(0.01)
        assert speaking()
        running.cancel()
        await asyncio.wait([running])
        left = speaking()
        gate.set()
        await engine.close()
        assert running.cancelled()
        assert not left
        assert not told

    asyncio.run(main())


def test_sentences_are_told_in_order():
    """Also when a later one is spoken first."""

    async def main():
        turns = iter([0.05, 0.0, 0.0, 0.0])
        told = []
        engine = ToneTTS(wait=lambda: threading.Event().wait(next(turns)))
        async with open_tts_manager(engine, "default", lambda text, speech: told.append((text, speech.pcm))) as speech:
            for number in range(4):
                await speech.say(f"Sentence {number}.")
        await engine.close()
        assert [text for text, _ in told] == [f"Sentence {number}." for number in range(4)]
        assert all(pcm for _, pcm in told)

    asyncio.run(main())
