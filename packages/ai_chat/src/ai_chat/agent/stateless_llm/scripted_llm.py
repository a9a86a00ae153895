"""A persona that follows a script: no model, no key, no download. It says so when asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from ai_chat.agent.stateless_llm.stateless_llm_interface import Message, Text, Tool, ToolCall
from ai_chat.catalogue import text as text_of

PIECE = 6  # characters
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAME = re.compile(
    r"(?:my name is|i am called|call me)\s+([A-Z]?\w+)|我(?:的名字)?(?:是|叫)\s*([\w\u4e00-\u9fff]{1,8})", re.I
)
SUM = re.compile(
    r"(-?\d[\d.]*)\s*(times|multiplied by|plus|minus|divided by|over|[-+*/x×÷]|加|减|乘以?|除以?)\s*(-?\d[\d.]*)", re.I
)
SIGNS = {
    "times": "*", "multiplied by": "*", "x": "*", "×": "*", "乘": "*", "乘以": "*",
    "plus": "+", "加": "+", "minus": "-", "减": "-",
    "divided by": "/", "over": "/", "÷": "/", "除": "/", "除以": "/",
}  # fmt: skip
STORY = {
    "en": (
        "Once upon a time a small server stood by the sea. Every morning it opened its doors to anyone who came by. "
        "Some visitors stayed for a whole song, and some left in the middle of a word. "
        "The server remembered what each of them had said, for as long as they stayed. "
        "When a visitor left, it swept the floor and put the chair back. "
        "After ten thousand visitors the room was as tidy as on the first day. "
        "And that is why it never grew tired."
    ),
    "zh": (
        "从前，海边有一台小小的服务器。每天早晨，它都为路过的人打开大门。"
        "有的客人听完一整首歌，有的客人一句话没说完就走了。"
        "只要客人还在，它就记得他们说过的话。客人一走，它就扫净地板，摆好椅子。"
        "送走一万位客人之后，房间还和第一天一样整洁。所以它从来不会累。"
    ),
}
LINES = {
    "en": {
        "hello": "Hello! Nice to hear from you.",
        "who": "I am a scripted demo persona: no language model, only a few lines that I know by heart.",
        "named": "Nice to meet you, {name}.",
        "name": "Your name is {name}.",
        "no-name": "You have not told me your name yet.",
        "result": "That makes {result}.",
        "time": "It is {result}.",
        "no-tool": "I would need a tool for that, and it is not here right now.",
        "failed": "The tool could not answer that.",
        "start": "What shall we talk about?",
        "else": "I only know a few lines. Ask me for a story, the time, or a sum. You said: {text}",
    },
    "zh": {
        "hello": "你好！很高兴听到你的声音。",
        "who": "我是按剧本说话的演示角色：没有语言模型，只会背几句台词。",
        "named": "很高兴认识你，{name}。",
        "name": "你叫{name}。",
        "no-name": "你还没有告诉我你的名字。",
        "result": "结果是 {result}。",
        "time": "现在是 {result}。",
        "no-tool": "这需要工具，而它现在不在。",
        "failed": "工具没能回答。",
        "start": "我们聊点什么？",
        "else": "我只会几句台词。可以让我讲故事、报时或者做算术。你刚才说：{text}",
    },
}
ASKS = (
    ("who", re.compile(r"who are you|what are you|你是谁|你是什么", re.I)),
    ("name?", re.compile(r"what('s| is) my name|我叫什么|我的名字是什么", re.I)),
    ("story", re.compile(r"story|故事", re.I)),
    ("time", re.compile(r"\btime\b|clock|几点|时间", re.I)),
    ("hello", re.compile(r"^\W*(hello|hi|hey|good (morning|evening))\b|你好|早上好|晚上好", re.I)),
)


class ScriptedLLM:
    """Deterministic: the same conversation gets the same answer. `pause` is the time between two pieces, in seconds."""

    def __init__(self, *, pause: float = 0.02) -> None:
        self._pause = pause

    def label(self, lang: str) -> str:
        """That it is a script."""
        return text_of("label-scripted", lang)

    @property
    def running(self) -> int:
        """It needs no threads."""
        return 0

    async def chat(
        self, messages: Sequence[Message], *, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[Text | ToolCall, None]:
        """Stream the next line of the script, or the tool call that it needs."""
        line = next_line(messages, {tool.name for tool in tools})
        if isinstance(line, ToolCall):
            yield line
            return
        for at in range(0, len(line), PIECE):
            await asyncio.sleep(self._pause)
            yield Text(line[at : at + PIECE])

    async def close(self) -> None:
        """Nothing to end."""


def next_line(messages: Sequence[Message], tools: set[str]) -> str | ToolCall:
    """What the persona says next to these messages."""
    said = [message.text for message in messages if message.role == "user"]
    text = said[-1] if said else ""
    lang = "zh" if CHINESE.search(text) else "en"
    lines = LINES[lang]
    last = messages[-1] if messages else None
    asked = next((name for name, pattern in ASKS if pattern.search(text)), "")
    if last is not None and last.role == "tool":
        words = "time" if asked == "time" else "result"
        failed = last.text.startswith(("tool-", "no-such-tool"))
        return lines["failed"] if failed else lines[words].format(result=last.text)
    if (sum_ := SUM.search(text)) is not None:
        sign = SIGNS.get(sum_[2].lower(), sum_[2])
        return _call("calculate", {"expression": f"{sum_[1]} {sign} {sum_[3]}"}, tools, messages) or lines["no-tool"]
    if asked == "time":
        return _call("current_time", {}, tools, messages) or lines["no-tool"]
    if asked == "story":
        return STORY[lang]
    if asked == "name?":
        name = _name_in(said[:-1])
        return lines["name"].format(name=name) if name else lines["no-name"]
    if asked in lines:
        return lines[asked]
    if name := _name_in(said[-1:]):
        return lines["named"].format(name=name)
    return lines["else"].format(text=text[:200]) if text else lines["start"]


def _call(name: str, arguments: dict[str, str], tools: set[str], messages: Sequence[Message]) -> ToolCall | None:
    return ToolCall(f"call-{len(messages)}", name, dict(arguments)) if name in tools else None


def _name_in(said: Sequence[str]) -> str:
    for text in reversed(said):
        if (found := NAME.search(text)) is not None:
            return found[1] or found[2]
    return ""
