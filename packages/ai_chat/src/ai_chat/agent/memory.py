"""What an agent remembers: the last turns word for word, and a short summary of those before."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import replace

from ai_chat.agent.stateless_llm.stateless_llm_interface import Message, ToolCall
from ai_chat.config_manager.settings import MemorySettings

FIRST_WORDS = 60  # characters of what was said that a summary keeps
CJK = re.compile("[\u2e80-\U0010ffff]")  # a character of these is about a token
ONE_MESSAGE = 8_000  # characters of one message that are remembered


class Memory:
    """Bounded by turns and by tokens, whatever is said and whichever tools are called.

    A turn is what the user said and all that answered it, tool calls included. What falls out is folded into a summary
    without asking a model: the first words of what the user said, the oldest of them dropped when it grows too long.
    Of a single turn with too many tokens the long messages are cut; none is dropped, since an answer needs its call.
    Tokens are estimated: one for a Chinese, Japanese or Korean character, one for four others.
    """

    def __init__(self, settings: MemorySettings) -> None:
        self._settings = settings
        self._turns: deque[list[Message]] = deque()
        self._tokens: deque[int] = deque()  # of each turn: counting all of them for each message held up the loop
        self._topics: deque[str] = deque()

    def begin_turn(self, text: str) -> None:
        """Remember what the user says; what answers it belongs to this turn."""
        self._turns.append([Message("user", text[:ONE_MESSAGE])])
        self._tokens.append(0)
        self._bound()

    def add(self, message: Message) -> None:
        """Remember a message of the turn."""
        if not self._turns:
            self._turns.append([])
            self._tokens.append(0)
        self._turns[-1].append(replace(message, text=message.text[:ONE_MESSAGE]))
        self._bound()

    def end_turn(self, heard: str) -> None:
        """Replace all answers of the last turn by what was heard of them."""
        if self._turns:
            said = [message for message in self._turns[-1] if message.role == "user"]
            self._turns[-1] = [*said, *([Message("assistant", heard[:ONE_MESSAGE])] if heard else [])]
            self._bound()

    def messages(self) -> list[Message]:
        """All that is remembered, the oldest first; the summary is told by the system."""
        summary = [Message("system", "Earlier the user spoke of: " + "; ".join(self._topics))] if self._topics else []
        return summary + [message for turn in self._turns for message in turn]

    def clear(self) -> None:
        """Forget everything."""
        self._turns.clear()
        self._tokens.clear()
        self._topics.clear()

    def _bound(self) -> None:
        self._count_last()
        while len(self._turns) > 1 and (
            len(self._turns) > self._settings.turns or sum(self._tokens) > self._settings.tokens
        ):
            self._tokens.popleft()
            self._fold(self._turns.popleft())
        if sum(self._tokens) > self._settings.tokens:
            share = self._settings.tokens // len(self._turns[-1])
            self._turns[-1] = [_cut(message, share) for message in self._turns[-1]]
            self._count_last()

    def _count_last(self) -> None:
        self._tokens[-1] = sum(map(_tokens_of, self._turns[-1]))

    def _fold(self, turn: list[Message]) -> None:
        said = next((message.text for message in turn if message.role == "user"), "")
        words = " ".join(said.split())[:FIRST_WORDS]
        if words:
            self._topics.append(words)
        while self._topics and sum(map(count_tokens, self._topics)) > self._settings.summary_tokens:
            self._topics.popleft()


def count_tokens(text: str) -> int:
    """About how many tokens a text is."""
    wide = len(CJK.findall(text))
    return wide + (len(text) - wide + 3) // 4


def _tokens_of(message: Message) -> int:
    return count_tokens(message.text) + _tokens_of_calls(message.calls)


def _tokens_of_calls(calls: tuple[ToolCall, ...]) -> int:
    return sum(count_tokens(json.dumps(call.arguments, ensure_ascii=False)) for call in calls if call.arguments)


def _cut(message: Message, tokens: int) -> Message:
    """The beginning of the message, in at most so many tokens; arguments of calls stay whole, or go."""
    calls = message.calls
    if _tokens_of_calls(calls) > tokens:
        calls = tuple(replace(call, arguments={}) for call in calls)
    left, text = tokens - _tokens_of_calls(calls), message.text
    while (count := count_tokens(text)) > left:
        text = text[: len(text) * left // count]
    return replace(message, text=text, calls=calls)
