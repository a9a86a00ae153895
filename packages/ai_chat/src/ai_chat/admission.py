"""Who is let in: sessions, connections of an address, turns at once, frames a second."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from ai_chat.config_manager.settings import Limits
from ai_chat.problems import ChatProblem


class BusyProblem(ChatProblem):
    """There is no room now; `retry_after` seconds later there may be."""

    def __init__(self, code: str, retry_after: float) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Admission:
    """Counts the connections that are open, in all and by address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self.is_draining = False

    def enter(self, address: str) -> None:
        """Count a connection. Raises `BusyProblem` when there is no room for it."""
        if self.is_draining:
            raise BusyProblem("draining", 3.0)
        if self._by_address.total() >= self._limits.sessions:
            raise BusyProblem("too-many-sessions", 5.0)
        if self._by_address[address] >= self._limits.sessions_per_address:
            raise BusyProblem("too-many-from-address", 5.0)
        self._by_address[address] += 1

    def leave(self, address: str) -> None:
        """Count it no more."""
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class TurnGate:
    """Lets a bounded number of turns run at once and a bounded number wait for it."""

    def __init__(self, limits: Limits) -> None:
        self._slots = asyncio.Semaphore(limits.turns)
        self._most_waiting = limits.turns_waiting
        self.running = 0
        self.waiting = 0

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """A place for one turn. Raises `BusyProblem` when too many wait already."""
        if self._slots.locked() and self.waiting >= self._most_waiting:
            raise BusyProblem("turns-busy", 2.0)
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._slots.release()


class FrameRate:
    """A token bucket for the frames of one connection."""

    def __init__(self, limits: Limits) -> None:
        self._per_second = limits.messages_per_second
        self._burst = limits.messages_burst
        self._tokens = float(limits.messages_burst)
        self._at = monotonic()
        self.refused = 0  # in a row

    def allows(self) -> bool:
        """Whether a frame that arrives now may be answered."""
        now = monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        self.refused = 0
        return True

    @property
    def is_flood(self) -> bool:
        """Whether the client goes on although it was told to stop."""
        return self.refused > 10 * self._burst
