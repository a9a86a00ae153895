"""What an agent remembers: bounded, summarised, emptied, and no more of an answer than was heard."""

import asyncio
import random
from contextlib import aclosing

import pytest

from ai_chat.agent.agents.agent_interface import Spoken
from ai_chat.agent.agents.basic_memory_agent import BasicMemoryAgent
from ai_chat.agent.memory import Memory, count_tokens
from ai_chat.agent.stateless_llm.scripted_llm import ScriptedLLM
from ai_chat.agent.stateless_llm.stateless_llm_interface import Message, ToolCall
from ai_chat.config_manager.settings import MemorySettings
from ai_chat.mcpp.mcp_client import MCPClient


def memory_of(**settings):
    return Memory(MemorySettings(**settings))


def told(memory):
    """Who says what, as a model is told."""
    return [(message.role, message.text) for message in memory.messages()]


def tokens(memory):
    """All that a model is told, calls included."""
    return sum(
        count_tokens(message.text) + sum(count_tokens(str(call.arguments)) for call in message.calls if call.arguments)
        for message in memory.messages()
    )


def converse(memory, turns):
    for number in range(turns):
        memory.begin_turn(f"question {number}")
        memory.add(Message("assistant", f"answer {number}"))


def test_last_turns_are_remembered_word_for_word_and_the_rest_as_a_summary():
    """What fell out is told first, by the system: the first words of what the user said."""
    memory = memory_of(turns=2)
    converse(memory, 4)
    assert told(memory) == [
        ("system", "Earlier the user spoke of: question 0; question 1"),
        ("user", "question 2"),
        ("assistant", "answer 2"),
        ("user", "question 3"),
        ("assistant", "answer 3"),
    ]


def test_summary_has_first_words_and_drops_the_oldest():
    """On one line, however long they were said; the summary does not grow for ever."""
    memory = memory_of(turns=1, summary_tokens=30)
    for number in range(10):
        memory.begin_turn(f"topic {number}\n" + "and so on " * 100)
    (role, summary), _ = told(memory)
    assert role == "system"
    assert "topic 7 and so on" in summary
    assert "topic 8 and so on" in summary
    assert "topic 6" not in summary
    assert "\n" not in summary
    assert count_tokens(summary) < 30 + 10  # its first words


def test_no_summary_is_kept_when_none_is_wanted():
    """What falls out is gone."""
    memory = memory_of(turns=1, summary_tokens=0)
    converse(memory, 3)
    assert told(memory) == [("user", "question 2"), ("assistant", "answer 2")]


def test_turns_fall_out_when_there_are_too_many_tokens():
    """Long before there are too many turns; Chinese characters count more."""
    memory = memory_of(turns=100, tokens=100, summary_tokens=0)
    memory.begin_turn("字" * 60)
    memory.begin_turn("x" * 160)
    assert [count_tokens(text) for _, text in told(memory)] == [60, 40]
    memory.add(Message("assistant", "y"))
    assert told(memory) == [("user", "x" * 160), ("assistant", "y")]


@pytest.mark.parametrize("letter", ["字", "x", "😀", "x字"])
def test_single_turn_is_cut_to_the_bound(letter):
    """What the user says, what was heard, and tool answers, in every script."""
    memory = memory_of(tokens=100)
    memory.begin_turn(letter * 50_000)
    assert 90 <= tokens(memory) <= 100
    memory.end_turn(letter * 50_000)
    assert [role for role, _ in told(memory)] == ["user", "assistant"]
    assert 90 <= tokens(memory) <= 100
    assert all(letter[0] in text for _, text in told(memory))


def test_turn_of_many_calls_keeps_each_answer_with_its_call():
    """An endpoint refuses an answer whose call it was not told, so none is dropped; the long ones are cut."""
    memory = memory_of(tokens=200)
    memory.begin_turn("what time is it everywhere?")
    for number in range(5):
        calls = tuple(ToolCall(f"{number}-{at}", "time", {"zone": "Asia" * 20 * at}) for at in range(3))
        memory.add(Message("assistant", "", calls))
        for call in calls:
            memory.add(Message("tool", "noon " * 2_000, call_id=call.id))
        assert tokens(memory) <= 200
    assert told(memory)[0] == ("user", "what time is it everywhere?")
    called: list[str] = []
    for message in memory.messages()[1:]:
        if message.role == "tool":
            assert message.call_id == called.pop(0)
            assert message.text.startswith("noon")
        else:
            assert called == []
            called = [call.id for call in message.calls]
    assert called == []


@pytest.mark.parametrize("seed", range(10))
def test_memory_is_bounded_whatever_is_said(seed):
    """By turns and by tokens, after every step; so is the summary."""
    chance = random.Random(seed)
    settings = MemorySettings(turns=5, tokens=300, summary_tokens=50)
    memory = Memory(settings)
    for _ in range(300):
        text = chance.choice(["hi", "word " * 50, "字" * 500, "x" * 20_000, "", "😀"])
        calls = (ToolCall("c", "f", {"a": text[:100]}),)
        chance.choice(
            [
                lambda text=text: memory.begin_turn(text),
                lambda text=text, calls=calls: memory.add(Message("assistant", text, calls)),
                lambda text=text: memory.add(Message("tool", text, call_id="c")),
                lambda text=text: memory.end_turn(text),
            ]
        )()
        messages = memory.messages()
        assert sum(message.role == "user" for message in messages) <= 5
        assert tokens(memory) <= 300 + 50 + 20  # the summary's first words and separators


def agent_of(memory=None):
    toolbox = MCPClient({})  # of no servers: nothing is begun
    return BasicMemoryAgent(
        llm=ScriptedLLM(pause=0), toolbox=toolbox, persona="You are Echo.", memory=memory or MemorySettings()
    )


async def hear(agent, text, sentences=1_000):
    """Listen to so many sentences of the answer, then go away."""
    heard = []
    async with aclosing(agent.reply(text)) as reply:
        async for part in reply:
            assert isinstance(part, Spoken)
            heard.append(part.text)
            if len(heard) == sentences:
                break
    return heard


@pytest.mark.parametrize("heard", ["", "Once upon a time"])
def test_interrupted_answer_is_remembered_as_it_was_heard(heard):
    """Not a word more; nothing heard leaves only what was said."""

    async def main():
        agent = agent_of()
        await hear(agent, "tell me a story", sentences=2)
        assert told(agent._memory) == [("user", "tell me a story")]
        agent.interrupted(heard)
        answers = [("assistant", heard)] if heard else []
        assert told(agent._memory) == [("user", "tell me a story"), *answers]
        await hear(agent, "hello")
        assert [role for role, _ in told(agent._memory)] == ["user", *["assistant"] * len(answers), "user", "assistant"]

    asyncio.run(main())


def test_complete_answer_that_was_cut_off_is_remembered_as_it_was_heard():
    """The turn before stays whole."""

    async def main():
        agent = agent_of()
        await hear(agent, "hello")
        await hear(agent, "tell me a story")
        agent.interrupted("Once upon")
        assert told(agent._memory) == [
            ("user", "hello"),
            ("assistant", "Hello! Nice to hear from you."),
            ("user", "tell me a story"),
            ("assistant", "Once upon"),
        ]

    asyncio.run(main())


@pytest.mark.parametrize("way", ["reset", "close"])
def test_reset_and_close_leave_nothing_of_what_was_said(way):
    """The summary included; the agent can go on, and a second close does nothing."""

    async def main():
        agent = agent_of(MemorySettings(turns=1))
        for text in ("my name is Ann", "hello", "tell me a story"):
            await hear(agent, text)
        assert [role for role, _ in told(agent._memory)] == ["system", "user", "assistant"]
        for _ in range(2):
            if way == "close":
                await agent.close()
            else:
                agent.reset()
            assert told(agent._memory) == []
            assert not any(one for one in vars(agent._memory).values() if hasattr(one, "clear"))
        assert await hear(agent, "what is my name?") == ["You have not told me your name yet."]

    asyncio.run(main())


def test_recalled_history_takes_the_place_of_all_that_was_said():
    """It may begin with an answer, since only its end is recalled."""

    async def main():
        agent = agent_of()
        await hear(agent, "my name is Ann")
        agent.recall([Message("assistant", "Welcome."), Message("user", "call me Bob"), Message("assistant", "Bob.")])
        assert told(agent._memory) == [("assistant", "Welcome."), ("user", "call me Bob"), ("assistant", "Bob.")]
        assert await hear(agent, "what is my name?") == ["Your name is Bob."]

    asyncio.run(main())
