"""Who is let in: connections and sessions of an address, turns at once, frames a second."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final
from weakref import WeakValueDictionary

from ai_chat.config_manager.settings import Limits
from ai_chat.problems import ChatProblem

BURST_SECONDS: Final = 3  # of an address's rate that may come at once
RECENT: Final = 1_024  # addresses whose rate is remembered after they have left


class BusyProblem(ChatProblem):
    """There is no room now; `retry_after` seconds later there may be."""

    def __init__(self, code: str, retry_after: float) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Places:
    """A bounded number of places, of which one address gets a part. Of connections, or of sessions.

    Once `is_draining` is set nobody gets one any more.
    """

    def __init__(self, limits: Limits) -> None:
        self._most = limits.sessions
        self._most_of_one = limits.sessions_per_address
        self._by_address: Counter[str] = Counter()
        self._taken = 0
        self.is_draining = False

    def __len__(self) -> int:
        return self._taken

    @contextmanager
    def place(self, address: str) -> Generator[None, None, None]:
        """A place while the context lasts. Raises `BusyProblem` when there is none."""
        if self.is_draining:
            raise BusyProblem("draining", 3.0)
        if self._taken >= self._most:
            raise BusyProblem("too-many-sessions", 5.0)
        if self._by_address[address] >= self._most_of_one:
            raise BusyProblem("too-many-from-address", 5.0)
        self._taken += 1
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]


class TurnGate:
    """Lets a bounded number of turns run at once and a bounded number wait for it."""

    def __init__(self, limits: Limits) -> None:
        self._slots = asyncio.Semaphore(limits.turns)
        self._most_waiting = limits.turns_waiting
        self._most_of_one = max(2, (limits.turns + limits.turns_waiting) // 2)
        self._patience = limits.turn_seconds
        self._by_address: Counter[str] = Counter()
        self.running = 0
        self.waiting = 0

    @asynccontextmanager
    async def slot(self, address: str) -> AsyncGenerator[None, None]:
        """A place for one turn of a client there; one address gets half of them.

        Raises `BusyProblem` when too many wait already, or when it was waited for as long as a turn may take.
        """
        is_full = self._slots.locked() and self.waiting >= self._most_waiting
        if is_full or self._by_address[address] >= self._most_of_one:
            raise BusyProblem("turns-busy", 2.0)
        self._by_address[address] += 1
        try:
            await self._wait()
            self.running += 1
            try:
                yield
            finally:
                self.running -= 1
                self._slots.release()
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    async def _wait(self) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._slots.acquire()
        except TimeoutError:
            raise BusyProblem("turns-busy", 2.0) from None
        finally:
            self.waiting -= 1


class FrameRate:
    """A token bucket for the frames of one session, over all its connections, or of one address."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._at = monotonic()
        self._refused = 0  # in a row

    def allows(self) -> bool:
        """Whether a frame that arrives now may be answered."""
        now = monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            self._refused += 1
            return False
        self._tokens -= 1
        self._refused = 0
        return True

    @property
    def is_flood(self) -> bool:
        """Whether the client goes on although it was told to stop."""
        return self._refused > 10 * self._burst


class AddressRates:
    """The rate of each address. Who leaves and comes back finds its rate as it was: that gains nothing."""

    def __init__(self, limits: Limits) -> None:
        self._per_second = limits.messages_per_second_per_address
        self._in_use: WeakValueDictionary[str, FrameRate] = WeakValueDictionary()
        self._recent: deque[FrameRate] = deque(maxlen=RECENT)

    def of(self, address: str) -> FrameRate:
        """The rate that all connections of the address share."""
        rate = self._in_use.get(address)
        if rate is None:
            rate = self._in_use[address] = FrameRate(self._per_second, BURST_SECONDS * self._per_second)
        self._recent.append(rate)
        return rate
