"""The sessions that are open, each a task in the server's group."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack

from ai_chat.admission import Places, TurnGate
from ai_chat.config_manager.settings import Character
from ai_chat.engines import Engines
from ai_chat.outbox import Outbox
from ai_chat.service_context import ServiceContext
from ai_chat.session import Session

logger = logging.getLogger(__name__)


class Sessions:
    """Begins sessions in the server's group, and finds those that can be resumed."""

    def __init__(self, engines: Engines, group: asyncio.TaskGroup) -> None:
        self.engines = engines
        self.limits = engines.settings.limits
        self.turns = TurnGate(self.limits)
        self.places = Places(self.limits)
        self._group = group
        self._open: dict[str, Session] = {}  # by token
        self.begun = 0

    def __len__(self) -> int:
        return len(self._open)

    async def begin(
        self, *, lang: str, resumable: bool, character: Character | None = None, address: str = ""
    ) -> Session:
        """Begin a session of the client at an address. It is ready when this returns, and ends by its own `end`.

        It has a place until it has ended, connected or not. Raises `BusyProblem` when there is none.
        """
        place = ExitStack()
        place.enter_context(self.places.place(address))
        context = ServiceContext(self.engines, character or self.engines.settings.character)
        outbox = Outbox(self.limits.outbox_bytes, keep=resumable)
        session = Session(context, outbox, limits=self.limits, turns=self.turns, lang=lang, address=address)
        self._group.create_task(self._live(session, place), name=f"session {session.id}")
        await asyncio.sleep(0)  # the task has opened the session's group when it has run once
        return session

    async def _live(self, session: Session, place: ExitStack) -> None:
        with place:
            self._open[session.token] = session
            self.begun += 1
            try:
                await session.run()
            except Exception:
                logger.exception("session %s failed", session.id)  # and no other: the group goes on
            finally:
                del self._open[session.token]

    def find(self, token: str) -> Session | None:
        """The open session that the token belongs to."""
        session = self._open.get(token)
        return None if session is None or session.is_ended else session

    @property
    def answering(self) -> int:
        """Sessions with a turn that runs."""
        return sum(session.is_answering for session in self._open.values())

    def end(self) -> None:
        """Let every session end."""
        for session in self._open.values():
            session.end()
