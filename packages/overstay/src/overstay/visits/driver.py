"""Makes visits, several at a time."""

import asyncio
import time
from collections.abc import Callable, Sequence

from overstay.visits.client import Client
from overstay.visits.departure import Departure
from overstay.visits.destination import Destination, Location
from overstay.visits.dialer import BeforeConnect, Dialed, Dialer
from overstay.visits.habits import Habits
from overstay.visits.parting import Parting
from overstay.visits.patience import patience
from overstay.visits.record import VisitRecord
from overstay.visits.script import VisitScript
from overstay.visits.wire import Wire, cut_all


class Driver:
    """Visits one server again and again, and keeps the sockets of clients that left silently until it is closed.

    `concurrency` visits are under way at a time; a client that left silently is none of them. `timeout` bounds every
    single wait, `visit_timeout` a whole visit, and any line of the visit file that blocks.
    """

    def __init__(
        self,
        destination: Destination,
        script: VisitScript,
        *,
        concurrency: int = 4,
        timeout: float = 10.0,
        visit_timeout: float = 30.0,
    ) -> None:
        self._destination = destination
        self._script = script
        self._timeout = timeout
        self._visit_timeout = visit_timeout
        self._room = asyncio.Semaphore(concurrency)
        self._dialer = Dialer(destination, timeout=timeout)
        self._habits = Habits()
        self._silent: list[Wire] = []
        self._under_way: set[asyncio.Task[VisitRecord]] = set()

    async def make(
        self,
        departures: Sequence[Departure],
        *,
        first_n: int,
        before_connect: BeforeConnect | None = None,
        on_done: Callable[[VisitRecord], None] | None = None,
    ) -> list[VisitRecord]:
        """Make one visit per departure and return their records in that order; `first_n` is the first one's number.

        `before_connect` is called with the local port before each connection begins, `on_done` with each record when
        its visit is over. A visit that fails is a record with a problem. When cancelled, every socket of the visits
        under way is closed.
        """

        async def one(n: int, departure: Departure) -> VisitRecord:
            async with self._room:
                record = await self._visit(n, departure, before_connect)
            if on_done is not None:
                on_done(record)
            return record

        with patience(self._script.file, self._visit_timeout):
            async with asyncio.TaskGroup() as visits:
                tasks = [visits.create_task(one(n, departure)) for n, departure in enumerate(departures, first_n)]
                for task in tasks:
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
        return [task.result() for task in tasks]

    async def aclose(self) -> None:
        """Close the sockets of the clients that left silently, and end the visits under way."""
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        silent, self._silent = self._silent, []
        try:
            if under_way:
                await asyncio.wait(under_way)
        finally:
            await cut_all(silent)

    async def _visit(self, n: int, departure: Departure, before_connect: BeforeConnect | None) -> VisitRecord:
        async def dial(location: Location) -> Dialed:
            return await self._dialer.dial(location, before_connect, is_slow=parting.is_slow)

        parting = Parting(departure, self._habits)
        client = Client(
            n,
            destination=self._destination,
            parting=parting,
            habits=self._habits,
            dial=dial,
            timeout=self._timeout,
        )
        opened = time.monotonic()
        try:
            problem = await self._script.run(client, self._visit_timeout)
            if parting.has_left:
                # What the visit's function still said after its client had left is about a closed connection.
                problem = None
            elif problem is None:
                self._habits.learn(parting.counts)
                await parting.leave_at_end()
        finally:
            await self._put_away(parting)
        wires = parting.wires
        return VisitRecord(
            n=n,
            departure=departure,
            connections=tuple(wire.connection for wire in wires),
            opened=wires[0].at if wires else opened,
            left=parting.left_at or time.monotonic(),
            connect_s=_connect_s(wires),
            first_reply_s=_first_reply_s(wires),
            exercised=parting.exercised,
            why_not="visit.why-failed" if problem else parting.why_not,
            problem=problem,
            sent=sum(wire.messages_sent for wire in wires),
        )

    async def _put_away(self, parting: Parting) -> None:
        if parting.is_silent:
            self._silent += parting.wires
        else:
            await cut_all(parting.wires)


def _connect_s(wires: Sequence[Wire]) -> float | None:
    first = wires[0] if wires else None
    return None if first is None or first.established_at is None else first.established_at - first.at


def _first_reply_s(wires: Sequence[Wire]) -> float | None:
    """Return the first reply's latency on the first connection on which something was asked, else on any."""
    asked = [wire for wire in wires if wire.first_sent_at is not None]
    return next((wire.first_reply_s for wire in asked or wires if wire.first_reply_s is not None), None)
