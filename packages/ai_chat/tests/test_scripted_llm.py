"""The demo persona: a script in two languages that says it is one."""

import asyncio

import pytest

from ai_chat.agent.stateless_llm.scripted_llm import LINES, STORY, ScriptedLLM, next_line
from ai_chat.agent.stateless_llm.stateless_llm_interface import Message, Text, Tool, ToolCall

CALCULATE, TIME = Tool("calculate", ""), Tool("current_time", "")


def said(*texts):
    return [Message("user", text) for text in texts]


def answered(text, result):
    """A conversation in which a tool has answered what the user said."""
    call = ToolCall("c", "calculate", {})
    return [*said(text), Message("assistant", "", (call,)), Message("tool", result, call_id="c")]


async def streamed(messages, *tools):
    return [part async for part in ScriptedLLM(pause=0).chat(messages, tools=tools)]


def test_it_says_what_it_is():
    """In its label, and in both languages when it is asked."""
    assert "no language model" in ScriptedLLM().label("en")
    assert "没有语言模型" in ScriptedLLM().label("zh")
    assert "no language model" in next_line(said("Who are you?"), set())
    assert "没有语言模型" in next_line(said("你是谁？"), set())


def test_both_languages_have_the_same_lines():
    """And a story each."""
    assert LINES["en"].keys() == LINES["zh"].keys()
    assert STORY.keys() == LINES.keys()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("hello", "Hello! Nice to hear from you."),
        ("你好", "你好！很高兴听到你的声音。"),
        ("my name is Ann", "Nice to meet you, Ann."),
        ("我叫小明", "很高兴认识你，小明。"),
        ("what is my name?", "You have not told me your name yet."),
        ("我叫什么？", "你还没有告诉我你的名字。"),
        ("tell me a story", STORY["en"]),
        ("讲个故事", STORY["zh"]),
        ("what time is it?", LINES["en"]["no-tool"]),
        ("现在几点？", LINES["zh"]["no-tool"]),
        ("3 plus 4", LINES["en"]["no-tool"]),
        ("3加4", LINES["zh"]["no-tool"]),
        ("xyzzy {text}", LINES["en"]["else"].replace("{text}", "xyzzy {text}")),
        ("天气", LINES["zh"]["else"].format(text="天气")),
        ("", LINES["en"]["start"]),
    ],
)
def test_line_is_in_the_language_of_what_was_said(text, line):
    """Without tools it says that it would need one."""
    assert next_line(said(text), set()) == line


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (("my name is Ann", "hello", "what is my name?"), "Your name is Ann."),
        (("my name is Ann", "call me Bob", "what's my name?"), "Your name is Bob."),
        (("我叫小明", "我的名字是什么？"), "你叫小明。"),
    ],
)
def test_name_is_remembered_from_the_conversation_alone(texts, line):
    """The last one that was told; the model itself keeps nothing."""
    assert next_line(said(*texts), set()) == line
    assert next_line(said(texts[-1]), set()) != line


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("What is 12 plus 30?", "12 + 30"),
        ("3.5 x 2", "3.5 * 2"),
        ("10 divided by -4", "10 / -4"),
        ("7-5", "7 - 5"),
        ("3加4等于几", "3 + 4"),
        ("6 乘以 7", "6 * 7"),
        ("8除以2", "8 / 2"),
        ("9减1", "9 - 1"),
    ],
)
def test_sum_is_given_to_the_calculator(text, expression):
    """As an expression that it reads, and as the only part of the answer."""
    (call,) = asyncio.run(streamed(said(text), CALCULATE))
    assert (call.name, call.arguments) == ("calculate", {"expression": expression})


@pytest.mark.parametrize(("text", "line"), [("3 plus 4", "That makes 7."), ("3加4", "结果是 7。")])
def test_tool_answer_is_told(text, line):
    """In the language of the question; a tool that failed is told, too."""
    assert next_line(answered(text, "7"), {"calculate"}) == line
    for problem in ("tool-failed(name='calculate')", "no-such-tool(name='calculate')"):
        assert next_line(answered(text, problem), {"calculate"}) in {LINES["en"]["failed"], LINES["zh"]["failed"]}


@pytest.mark.parametrize(
    ("text", "line"), [("what time is it?", "It is 2030-01-01 12:00."), ("几点了", "现在是 2030-01-01 12:00。")]
)
def test_time_is_asked_of_the_clock_and_told(text, line):
    """With a call whose id is new in the conversation."""
    first, second = (next_line(messages, {"current_time"}) for messages in (said(text), said("hi", text)))
    assert (first.name, first.arguments) == ("current_time", {})
    assert first.id != second.id
    assert next_line(answered(text, "2030-01-01 12:00"), {"current_time"}) == line


def test_line_is_streamed_in_small_pieces_and_is_always_the_same():
    """So that interruptions, speech and tests of both have something to work with."""

    async def main():
        first, second = [await streamed(said("tell me a story"), CALCULATE, TIME) for _ in range(2)]
        assert first == second
        assert len(first) > 50
        assert all(isinstance(part, Text) for part in first)
        assert "".join(part.text for part in first) == STORY["en"]

    asyncio.run(main())
