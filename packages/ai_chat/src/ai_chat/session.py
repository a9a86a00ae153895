"""One page's stay: its context, its outbox, and at most one turn."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Coroutine
from contextlib import aclosing
from typing import Any, Final, get_args

from ai_chat.admission import BusyProblem, FrameRate, TurnGate
from ai_chat.catalogue import text
from ai_chat.config_manager.settings import Limits
from ai_chat.conversations.turn import Turn
from ai_chat.outbox import Outbox
from ai_chat.problems import ChatProblem
from ai_chat.protocol import commands as c
from ai_chat.protocol import events as e
from ai_chat.requests import Request, answers, taken_at_once
from ai_chat.service_context import SAID_BEFORE, Said, ServiceContext, find_character

logger = logging.getLogger(__name__)
REQUESTS_AT_ONCE: Final = 8


class Session:
    """A session: it lives in one task, `run`, until `end` is called.

    Commands are given to `do`, one after the other. An interruption is done when the turn has ended; requests that
    only read run beside it. What the client is told goes into the outbox, whoever reads that.
    """

    def __init__(
        self, context: ServiceContext, outbox: Outbox, *, limits: Limits, turns: TurnGate, lang: str, address: str
    ) -> None:
        self.id = secrets.token_hex(8)
        self.token = secrets.token_urlsafe(24)  # who has it can take the session over
        self.context = context
        self.outbox = outbox
        self.rate = FrameRate(limits.messages_per_second, limits.messages_burst)
        self.lang = lang
        self._limits = limits
        self._turns = turns
        self._address = address
        self._group = asyncio.TaskGroup()
        self._doing = asyncio.Lock()  # in a room several members ask at once
        self._ended = asyncio.Event()
        self._turn: tuple[Turn, asyncio.Task[None]] | None = None
        self._last: Turn | None = None
        self._count = 0
        self._said: OrderedDict[str, Said] = OrderedDict()
        self._requests: set[asyncio.Task[None]] = set()
        self._leaving: asyncio.TimerHandle | None = None

    # Its life.

    async def run(self) -> None:
        """Live until `end` or a cancellation; then end what runs, hand over what was heard, and close the context."""
        try:
            async with self._group:
                await self._ended.wait()
                for task in self._tasks():
                    task.cancel()
        finally:
            self._forget_turn()
            self.stay()
            await self.context.close()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._requests, *([self._turn[1]] if self._turn else [])]

    def _forget_turn(self) -> None:
        """Hand over what was heard of a turn that nobody waits for any more."""
        if self._turn is not None:
            turn, self._turn = self._turn[0], None
            try:
                turn.settle(None)
            except ChatProblem as problem:
                logger.warning("session %s: the end of its last turn is not in the history: %s", self.id, problem)
        self._last = None

    def end(self) -> None:
        """Let the session end. A second call does nothing."""
        self._ended.set()

    @property
    def is_ended(self) -> bool:
        """Whether the session ends or has ended."""
        return self._ended.is_set()

    async def wait_quiet(self) -> None:
        """Wait until no turn runs."""
        if self._turn is not None:
            await asyncio.wait([self._turn[1]])

    @property
    def is_answering(self) -> bool:
        """Whether a turn runs."""
        return self._turn is not None and not self._turn[1].done()

    def leave_in(self, seconds: float) -> None:
        """End unless `stay` is called in time."""
        self.stay()
        self._leaving = asyncio.get_running_loop().call_later(seconds, self.end)

    def stay(self) -> None:
        """Take `leave_in` back."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    # What clients ask for.

    async def do(self, command: c.Command) -> None:
        """Do what a client asks for; nothing when the session has ended. Problems are told; none is raised."""
        async with self._doing:
            if not self.is_ended:
                await self._attempt(command, self._do(command))

    async def _attempt(self, command: c.Command, work: Awaitable[None]) -> None:
        """Do the work of a command; a problem is told to the client, and the session goes on."""
        try:
            await work
        except ChatProblem as problem:
            self.tell_problem(problem, command.id)
        except Exception:
            logger.exception("session %s: %s failed", self.id, type(command).__name__)
            self.tell_problem(ChatProblem("internal"), command.id)

    async def _do(self, command: c.Command) -> None:
        match command:
            case c.Say():
                await self._say(command)
            case c.SpeakUp():
                await self._say(c.Say(id=command.id, text=text("speak-up", self.lang)))
            case c.Interrupt():
                await self._interrupt(command.heard)
            case c.Played():
                self._note_played(command)
            case c.Seen():
                self.outbox.seen(command.seq)
            case c.Heartbeat():
                self.outbox.put(e.HeartbeatAck(id=command.id), numbered=False)
            case c.NewHistory():
                await self._stop_turn(None)
                self.context.begin_history()
                self.outbox.put(e.HistoryOpened(self.context.history, (), created=True, id=command.id))
            case c.OpenHistory():
                await self._stop_turn(None)
                messages = await self.context.open_history(command.history)
                latest = taken_at_once(messages[::-1], self.context)[::-1]
                self.outbox.put(e.HistoryOpened(command.history, latest, id=command.id))
            case c.SwitchCharacter():
                await self._switch_character(command)
            case c.Introduce():
                self.introduce()
            case c.MicAudio() | c.MicEnd():
                raise ChatProblem("no-microphone")
            case c.Leave():
                self.end()
            case _ if isinstance(command, get_args(Request)):
                await self._request(command)

    def introduce(self, *, switched: bool = False, id: str = "") -> None:
        """Tell the client who the character is."""
        self.outbox.put(self.context.introduction(self.id, switched=switched, id=id))

    async def _switch_character(self, command: c.SwitchCharacter) -> None:
        character = find_character(self.context.engines, command.character)
        await self._stop_turn(None)
        await self.context.switch_character(character)
        self.introduce(switched=True, id=command.id)

    async def _request(self, command: Request) -> None:
        if isinstance(command, c.DeleteHistory) and command.history == self.context.history:
            await self._stop_turn(None)
            self.context.begin_history()
        if len(self._requests) >= REQUESTS_AT_ONCE:
            raise ChatProblem("too-fast")
        task = self._start(self._attempt(command, self._answer(command)), f"request of session {self.id}")
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _answer(self, command: Request) -> None:
        """Tell what a request asks for, as fast as the client takes it."""
        async with aclosing(answers(command, self.context)) as events:
            async for event in events:
                self.outbox.put(event)
                await self.outbox.wait_empty()

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self._group.create_task(work, name=name)

    # Turns.

    async def _say(self, command: c.Say) -> None:
        if (said := self._said.get(command.id) or self.context.said.get(command.id)) is not None:
            if said.text != hash(command.text):
                raise ChatProblem("id-taken")
            if said.ack is not None:
                self.outbox.put(said.ack)
            return
        await self._stop_turn(None)
        if self.is_ended:  # while the turn before ended
            return
        self._count += 1
        turn = Turn(
            self._count, command.text, id=command.id, context=self.context, emit=self._emit, explain=self._explain
        )
        if command.id:
            self._said[command.id] = Said(hash(command.text))
            if len(self._said) > SAID_BEFORE:
                self._said.popitem(last=False)
        self._last = None
        self._turn = (turn, self._start(self._take_turn(turn), f"turn {turn.number} of session {self.id}"))

    def _emit(self, event: e.Event) -> None:
        if isinstance(event, e.Ack) and event.id in self._said:
            self._said[event.id] = self._said[event.id]._replace(ack=event)
        self.outbox.put(event)

    async def _take_turn(self, turn: Turn) -> None:
        try:
            async with self._turns.slot(self._address):
                await turn.run(self._limits.turn_seconds)
        except BusyProblem as busy:
            self._said.pop(turn.id, None)
            self.outbox.put(e.Busy(busy.code, busy.retry_after, self._explain(busy), id=turn.id))
            self._turn = None
            return
        except Exception:
            logger.exception("session %s: turn %d failed", self.id, turn.number)
            self.tell_problem(ChatProblem("internal"), turn.id, turn.number)
        await self._finish(turn, None)
        self._turn, self._last = None, turn

    async def _finish(self, turn: Turn, told: str | None) -> None:
        """Tell that a turn has ended, once what is remembered of it is committed."""
        heard, message = "", 0
        try:
            heard, committed = turn.settle(told)
            await turn.acknowledge()
            message = await asyncio.shield(committed) if committed is not None else 0
        except ChatProblem as problem:
            turn.reason = "failed"
            self.tell_problem(problem, turn.id, turn.number)
        if (said := self._said.get(turn.id)) is not None and said.ack is None:
            del self._said[turn.id]  # it is not in the history, and may be said again
        if event := turn.end(heard, message):
            self.outbox.put(event)

    async def _stop_turn(self, told: str | None) -> None:
        """End the turn that runs, if there is one: the client is told at once, then what was heard is committed.

        An interruption after this is none of a turn before.
        """
        self._last = None
        if self._turn is None:
            return
        turn, task = self._turn
        self._flush(turn)
        task.cancel()
        await asyncio.wait([task])
        self._turn = None
        await self._finish(turn, told)

    def _flush(self, turn: Turn) -> None:
        """Let the client stop playing a turn at once, whatever of it waits to be sent."""
        turn.stop(self.outbox.take_back(turn.number))
        self.outbox.put(e.Flush(turn.number))

    async def _interrupt(self, told: str | None) -> None:
        if self._turn is not None:
            await self._stop_turn(told)
        elif self._last is not None:
            self._flush(self._last)
            self._last.cut_off(told)
            self._last = None

    def _note_played(self, command: c.Played) -> None:
        turn = self._turn[0] if self._turn else self._last
        if turn is not None and turn.number == command.turn:
            turn.note_played(command.sentence)

    # Problems.

    def _explain(self, problem: ChatProblem) -> str:
        return text(problem.code, self.lang, **problem.values)

    def tell_problem(self, problem: ChatProblem, id: str = "", turn: int = 0) -> None:
        """Tell the client a problem, in its language."""
        self.outbox.put(e.Problem(problem.code, self._explain(problem), turn, id=id))
