"""One server's place in the rounds."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from measure.client import CLIENTS, Drive, turns, visits
from measure.process import Server
from measure.trouble import VariantFailedError

T = TypeVar("T")


@dataclass(frozen=True)
class Operation:
    """Something that a client does, how often each client does it in one lap, and whether it stays in between."""

    name: str
    title: str
    driven: Callable[[int, int], AbstractAsyncContextManager[Drive]]
    each: int
    stays: bool


OPERATIONS = (
    Operation("turn", "chat turn", turns, each=4, stays=True),
    Operation("visit", "connect and close", visits, each=3, stays=False),
)


@dataclass
class Slice:
    """The CPU of one server for one operation in one round: while it was driven, around that, and idle afterwards."""

    count: int = 0
    driven_ns: int = 0
    driven_s: float = 0.0
    whole_ns: int = 0
    whole_s: float = 0.0
    idle_ns_per_s: float = 0.0

    def cpu_us(self) -> float:
        """Return the CPU of one operation with what the server put off, without what it uses anyway."""
        anyway_ns = self.idle_ns_per_s * (self.whole_s - self.driven_s)
        return (self.whole_ns - anyway_ns) / self.count / 1000

    def driven_us(self) -> float:
        """Return the CPU of one operation up to the last reply alone."""
        return self.driven_ns / self.count / 1000


class Lane:
    """Drives one server and reads its clock, until it fails; from then on it does nothing and knows the reason."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = server.variant.name
        self.failure: str | None = None
        self.sessions_made = 0
        self._open = AsyncExitStack()
        self._drive: Drive | None = None
        self._slice = Slice()
        self._each = 0
        self._sessions_per_lap = 0
        self._began = (0, 0.0)

    def start(self, python: Path) -> None:
        """Start the server."""
        try:
            self.server.start(python)
        except VariantFailedError as err:
            self.failure = str(err)

    async def attempt(self, work: Awaitable[T]) -> T | None:
        """Return what the work returns, or None when it fails; then the reason is kept."""
        try:
            return await work
        except (VariantFailedError, OSError, TimeoutError, ValueError) as err:
            reason = str(err) if isinstance(err, VariantFailedError) else f"{type(err).__name__} {err}".strip()
            self.failure = self.failure or self.server.ended_with() or reason
            return None

    async def prepare(self, operation: Operation) -> None:
        """Open what the operation needs, and begin a slice."""
        self._each = 1 if self.server.variant.slow else operation.each
        self._sessions_per_lap = 0 if operation.stays else self._each * CLIENTS
        self._drive = await self._open.enter_async_context(operation.driven(self.server.port, self._each))
        self.sessions_made += CLIENTS if operation.stays else 0
        self._slice = Slice()
        self._began = (await self.server.cpu_ns(), time.monotonic())

    async def lap(self) -> None:
        """Drive the server once with every client."""
        if self._drive is None:
            raise VariantFailedError("a lap was asked for before it was prepared")
        before, began = await self.server.cpu_ns(), time.monotonic()
        await self._drive()
        self._slice.driven_ns += await self.server.cpu_ns() - before
        self._slice.driven_s += time.monotonic() - began
        self.sessions_made += self._sessions_per_lap
        self._slice.count += self._each * CLIENTS

    async def read(self) -> None:
        """Read what the server has used since it was prepared, driven or not."""
        at_start, began = self._began
        self._slice.whole_ns = await self.server.cpu_ns() - at_start
        self._slice.whole_s = time.monotonic() - began

    async def finish(self) -> Slice:
        """Take the time since the last reading for idle, close what is open, and return the slice."""
        at_start, began = self._began
        idle_ns = await self.server.cpu_ns() - at_start - self._slice.whole_ns
        self._slice.idle_ns_per_s = idle_ns / (time.monotonic() - began - self._slice.whole_s)
        await self._open.aclose()
        return self._slice
