"""One turn: from what a client says to the last sentence of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Literal

from ai_chat.agent.agents.agent_interface import ToolUse
from ai_chat.conversations.tts_manager import open_tts_manager
from ai_chat.problems import ChatProblem
from ai_chat.protocol.events import (
    Ack,
    Event,
    Problem,
    Sentence,
    SpeechComplete,
    ToolStatus,
    TurnEnded,
    TurnStarted,
)
from ai_chat.service_context import ServiceContext
from ai_chat.tts.tts_interface import Speech


class Turn:
    """A turn of a session. `run` ends by itself or is cancelled; then `settle` says what is remembered of it.

    Two things make it one: what was said is handed to the history before anything else, and what was heard is handed
    to it at the end, whichever way the turn ended. So a turn that was begun is never half remembered.
    """

    def __init__(
        self,
        number: int,
        said: str,
        *,
        id: str,
        context: ServiceContext,
        emit: Callable[[Event], None],
        explain: Callable[[ChatProblem], str],
    ) -> None:
        self.number = number
        self.id = id
        self.reason: Literal["done", "interrupted", "failed"] = "interrupted"
        self._said = said
        self._context = context
        self._emit = emit
        self._explain = explain
        self._is_begun = False
        self._is_asked = False  # whether the agent knows of this turn
        self._is_stopped = False  # whether the client plays it no more
        self._sentences: list[str] = []
        self._played: int | None = None
        self._running: dict[str, str] = {}  # tool calls that were told to run
        self._committed: Awaitable[int] | None = None
        self._is_answered = False  # whether what was said is acknowledged, or a problem was told instead
        self._settled: tuple[str, Awaitable[int] | None] | None = None
        self._is_ended = False

    async def run(self, seconds: float) -> None:
        """Answer. Problems are told and end the turn; `seconds` bound it."""
        try:
            async with asyncio.timeout(seconds):
                self.begin()
                await self.acknowledge()
                await self._answer()
            self.reason = "done"
        except TimeoutError:
            self._fail(ChatProblem("turn-slow", seconds=seconds))
        except ChatProblem as problem:
            self._fail(problem)
        except ExceptionGroup as group:  # the speech's group wraps what is raised inside it
            self._fail(_first_problem(group))

    def _fail(self, problem: ChatProblem) -> None:
        self.reason, self._is_answered = "failed", True
        self._emit(Problem(problem.code, self._explain(problem), self.number, id=self.id))

    def begin(self) -> None:
        """Tell that the turn begins, and hand what was said to the history. A second call does nothing.

        Raises `ChatProblem` when the history is full.
        """
        if not self._is_begun:
            self._is_begun = True
            self._emit(TurnStarted(self.number, id=self.id))
            self._committed = self._context.append("human", self._said, id=self.id)

    async def acknowledge(self) -> None:
        """Tell the client that what was said is committed, once it is. A second call does nothing.

        Raises `ChatProblem` when it could not be committed.
        """
        if self._committed is None or self._is_answered:
            return
        message = await asyncio.shield(self._committed)  # an interruption must not take the number away
        if not self._is_answered:
            self._is_answered = True
            self._context.begins = False
            self._emit(Ack(self._context.history, message, id=self.id))

    async def _answer(self) -> None:
        context = self._context
        self._is_asked = True
        async with (
            open_tts_manager(context.tts, context.character.tts.voice, self._tell) as speech,
            aclosing(context.agent.reply(self._said)) as reply,
        ):
            async for part in reply:
                if isinstance(part, ToolUse):
                    self._tell_tool(part)
                else:
                    await speech.say(part.text)
        self._emit(SpeechComplete(self.number))

    def _tell(self, text: str, speech: Speech) -> None:
        if self._is_stopped:  # it was made while the turn was being cancelled
            return
        character = self._context.character
        self._emit(
            Sentence(
                self.number,
                len(self._sentences),
                text,
                speech.pcm,
                speech.sample_rate,
                character.character_name,
                character.avatar,
            )
        )
        self._sentences.append(text)

    def _tell_tool(self, use: ToolUse) -> None:
        if use.status == "running":
            self._running[use.call] = use.name
        else:
            self._running.pop(use.call, None)
        content = use.content if use.problem is None else self._explain(use.problem)
        self._emit(ToolStatus(self.number, use.call, use.name, use.status, content))

    def note_played(self, sentence: int) -> None:
        """The client has played the sentences up to and including this one."""
        self._played = max(sentence, -1 if self._played is None else self._played)

    def stop(self, unsent: int) -> None:
        """The client plays it no more: the last `unsent` sentences were not sent, and no other is told."""
        self._is_stopped = True
        del self._sentences[len(self._sentences) - unsent :]

    def heard(self, told: str | None) -> str:
        """What the client has heard: what it says, if that is of the answer; else what it played; else all of it."""
        if told is not None and _letters(told) in _letters("".join(self._sentences)):
            return told
        return join_sentences(self._sentences if self._played is None else self._sentences[: self._played + 1])

    def settle(self, told: str | None) -> tuple[str, Awaitable[int] | None]:
        """Hand what was heard to the agent and the history: the text, and its number once it is committed.

        Nothing is awaited here, so it works when the session is gone; a second call only repeats the answer.
        Raises `ChatProblem` when the history is full.
        """
        if self._settled is None:
            self.begin()  # a turn that was cancelled before it ran
            for call, name in self._running.items():
                self._emit(ToolStatus(self.number, call, name, "cancelled"))
            whole = self.reason == "done"
            heard = join_sentences(self._sentences) if whole else self.heard(told)
            if not whole and self._is_asked:
                self._context.agent.interrupted(heard)
            committed = self._context.append("ai", heard, interrupted=not whole) if heard else None
            self._settled = heard, committed
        return self._settled

    def end(self, heard: str, message: int) -> TurnEnded | None:
        """How the turn ended, as it is told; None when it was told before."""
        if self._is_ended:
            return None
        self._is_ended = True
        return TurnEnded(self.number, self.reason, heard, message, id=self.id)

    def cut_off(self, told: str | None) -> None:
        """The client stopped playing an answer that was complete: the agent remembers what was heard of it."""
        self._context.agent.interrupted(self.heard(told))


def join_sentences(sentences: list[str]) -> str:
    """The sentences as one text: a space between them, except after a Chinese one."""
    text = ""
    for sentence in sentences:
        text += sentence if not text or ord(text[-1]) > CJK else f" {sentence}"
    return text


def _letters(text: str) -> str:
    return "".join(text.split())


CJK = 0x2E80  # from here on scripts are written without spaces


def _first_problem(group: ExceptionGroup[Exception]) -> ChatProblem:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ChatProblem):
        return error
    raise group
