"""An agent with a bounded memory, which may use tools.

Suspect 2 of the checklist asks whether `close` empties it and whether it grows for ever: it does, and it does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ai_chat.agent.agents.agent_interface import Spoken, ToolUse
from ai_chat.agent.memory import Memory
from ai_chat.agent.sentences import SentenceDivider
from ai_chat.agent.stateless_llm.stateless_llm_interface import (
    LanguageModelProblem,
    Message,
    StatelessLLM,
    Text,
    ToolCall,
)
from ai_chat.config_manager.settings import MemorySettings
from ai_chat.mcpp.tools_interface import Toolbox, ToolProblem

ROUNDS = 5  # of tool calls in one turn
CALLS = 8  # in one round


class BasicMemoryAgent:
    """Answers in one session; only the language model and the tools are shared."""

    def __init__(
        self,
        *,
        llm: StatelessLLM,
        toolbox: Toolbox,
        persona: str,
        memory: MemorySettings,
    ) -> None:
        self._llm = llm
        self._toolbox = toolbox
        self._persona = Message("system", persona)
        self._memory = Memory(memory)

    async def reply(self, text: str) -> AsyncGenerator[Spoken | ToolUse, None]:
        """Stream the answer sentence by sentence; remember it once it is complete."""
        self._memory.begin_turn(text)
        spoken = False
        for _ in range(ROUNDS):
            said: list[str] = []
            calls: list[ToolCall] = []
            async with aclosing(self._sentences(said, calls)) as sentences:
                async for sentence in sentences:
                    spoken = True
                    yield Spoken(sentence)
            self._memory.add(Message("assistant", "".join(said), tuple(calls)))
            if not calls:
                break
            for call in calls:
                yield ToolUse(call.id, call.name, "running")
            for call, answer in zip(calls, await self._call_all(calls), strict=True):
                self._memory.add(Message("tool", str(answer), call_id=call.id))
                if isinstance(answer, ToolProblem):
                    yield ToolUse(call.id, call.name, "error", problem=answer)
                else:
                    yield ToolUse(call.id, call.name, "completed", answer)
        if not spoken:
            raise LanguageModelProblem("model-empty")

    async def _sentences(self, said: list[str], calls: list[ToolCall]) -> AsyncGenerator[str, None]:
        divider = SentenceDivider()
        async with aclosing(self._llm.chat(self._prompt(), tools=self._toolbox.tools())) as stream:
            async for part in stream:
                if isinstance(part, Text):
                    said.append(part.text)
                    for sentence in divider.feed(part.text):
                        yield sentence
                elif len(calls) < CALLS:
                    calls.append(part)
        for sentence in divider.flush():
            yield sentence

    def _prompt(self) -> list[Message]:
        return [self._persona, *self._memory.messages()]

    async def _call_all(self, calls: Sequence[ToolCall]) -> list[str | ToolProblem]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._call(call), name=f"tool {call.name}") for call in calls]
        return [task.result() for task in tasks]

    async def _call(self, call: ToolCall) -> str | ToolProblem:
        """The answer; a tool's problem is told to the model, and the turn goes on."""
        if call.arguments is None:
            return ToolProblem("tool-arguments", name=call.name[:80])
        try:
            return await self._toolbox.call(call.name, call.arguments)
        except ToolProblem as problem:
            return problem

    def interrupted(self, heard: str) -> None:
        """Remember of the last answer only what was heard."""
        self._memory.end_turn(heard)

    def recall(self, messages: Sequence[Message]) -> None:
        """Remember the end of a stored history instead."""
        self._memory.clear()
        for message in messages:
            if message.role == "user":
                self._memory.begin_turn(message.text)
            else:
                self._memory.add(message)

    def reset(self) -> None:
        """Forget everything."""
        self._memory.clear()

    async def close(self) -> None:
        """Forget everything; an agent has nothing else to end."""
        self._memory.clear()
