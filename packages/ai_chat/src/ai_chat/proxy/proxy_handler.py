"""The room of the proxy: several clients and a live stream share one conversation.

A live stream is a member like any other: it connects, and says what its audience writes.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ai_chat.admission import FrameRate
from ai_chat.catalogue import text
from ai_chat.config_manager.settings import Limits
from ai_chat.outbox import Outbox
from ai_chat.problems import ChatProblem
from ai_chat.protocol import commands as c
from ai_chat.protocol import events as e
from ai_chat.proxy.proxy_message_queue import ProxyMessageQueue
from ai_chat.session import Session
from ai_chat.sessions import Sessions

logger = logging.getLogger(__name__)
RETRY_AFTER = 5.0  # seconds


class Member:
    """A seat in the room. What the room is told goes into its outbox; what it says waits for its turn."""

    def __init__(self, room: Room, limits: Limits, *, lang: str, is_viewer: bool) -> None:
        self.id = secrets.token_hex(8)
        self.outbox = Outbox(limits.outbox_bytes, keep=False)
        self.rate = FrameRate(limits.messages_per_second, limits.messages_burst)
        self.is_viewer = is_viewer
        self._room = room
        self._lang = lang

    def introduce(self) -> None:
        """Tell the member who the character is, and who else is here."""
        self.outbox.put(self._room.session.context.introduction(self.id))

    async def do(self, command: c.Command) -> None:
        """Do what the member asks for; a viewer may only look."""
        match command:
            case c.Heartbeat():
                self.outbox.put(e.HeartbeatAck(id=command.id))
            case c.Introduce():
                self.introduce()
            case c.GroupRequest(change=False):
                self.outbox.put(e.Group(self._room.members))
            case c.Nothing() | c.Leave() | c.Seen() | c.Played():
                return
            case _ if self.is_viewer:
                self.tell_problem(ChatProblem("viewer-cannot-speak"), command.id)
            case c.Say():
                self._say(command)
            case c.SpeakUp():
                self._say(c.Say(id=command.id, text=text("speak-up", self._lang)))
            case _:
                await self._room.session.do(command)

    def _say(self, command: c.Say) -> None:
        if not self._room.queue.put(self.id, command):
            busy = text("room-full", self._lang)
            self.outbox.put(e.Busy("room-full", RETRY_AFTER, busy, id=command.id))

    def tell_problem(self, problem: ChatProblem, id: str = "") -> None:
        """Tell this member a problem."""
        self.outbox.put(e.Problem(problem.code, text(problem.code, self._lang, **problem.values), id=id))


class Room:
    """One conversation: a session, its members, and the consumer that owns the queue."""

    def __init__(self, session: Session, most_waiting: int) -> None:
        self.session = session
        self.queue = ProxyMessageQueue(most_waiting)
        self._seats: dict[str, Member] = {}

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of those who are here."""
        return tuple(self._seats)

    def enter(self, member: Member) -> None:
        """Take a seat. A slow or leaving member never holds the others up: each has an outbox of its own."""
        self._seats[member.id] = member
        self._tell(e.Group(self.members))

    def leave(self, member: Member) -> None:
        """Leave it, with what was said and not answered."""
        del self._seats[member.id]
        self.queue.forget(member.id)
        self._tell(e.Group(self.members))

    def _tell(self, event: e.Event, *, but: str = "") -> None:
        for member in self._seats.values():
            if member.id != but:
                member.outbox.put(event)

    def dismiss(self) -> None:
        """Send the members away: the conversation is over."""
        self._tell(e.Bye("room-ended"))

    async def run(self) -> None:
        """Tell the members what the session tells, and answer what they say, one after the other."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._broadcast(), name="room: broadcast")
            group.create_task(self._answer(), name="room: consumer")

    async def _broadcast(self) -> None:
        while True:
            event = (await self.session.outbox.take()).event
            if isinstance(event, e.Flush):
                self._take_back(event.turn)
            self._tell(event)

    def _take_back(self, turn: int) -> None:
        for member in self._seats.values():
            member.outbox.take_back(turn)

    async def _answer(self) -> None:
        while True:
            member, message = await self.queue.take()
            self._tell(e.Transcript(message.text, member), but=member)
            await self.session.do(message)
            await self.session.wait_quiet()


class ProxyHandler:
    """Opens the room when the first member comes, and ends it after the last has left."""

    def __init__(self, sessions: Sessions, group: asyncio.TaskGroup) -> None:
        self._sessions = sessions
        self._group = group
        self._opening = asyncio.Lock()
        self._room: Room | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Messages that wait for an answer."""
        return len(self._room.queue) if self._room else 0

    @asynccontextmanager
    async def seat(self, *, lang: str, is_viewer: bool) -> AsyncGenerator[Member, None]:
        """A seat in the room while the client is here. Raises `BusyProblem` when there is no place for a room."""
        async with self._opening:
            room = self._room or await self._open(lang)
            member = Member(room, self._sessions.limits, lang=lang, is_viewer=is_viewer)
            room.enter(member)
        try:
            yield member
        finally:
            room.leave(member)
            if not room.members and room is self._room:
                self.end()

    async def _open(self, lang: str) -> Room:
        session = await self._sessions.begin(lang=lang, resumable=False)
        room = self._room = Room(session, self._sessions.limits.room_queue)
        self._running = self._group.create_task(self._live(room), name="room of the proxy")
        return room

    async def _live(self, room: Room) -> None:
        try:
            await room.run()
        except Exception:
            logger.exception("the room of the proxy failed")  # and nothing else: the group goes on
        finally:
            room.dismiss()
            room.session.end()
            if self._room is room:
                self._room = self._running = None

    def end(self) -> None:
        """End the room, if there is one."""
        if self._room is not None and self._running is not None:
            self._running.cancel()
            self._room.session.end()
        self._room = self._running = None
