"""The visits of an examination: warm-up, canaries, and stages of batches with idle rounds between them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from overstay.evidence import Evidence
from overstay.findings import NotExercised
from overstay.judge import counters
from overstay.judge.sessions import match, missing
from overstay.load_meter import LoadMeter
from overstay.observation import Observer
from overstay.visits import SILENT, Departure, Driver, VisitRecord

_BATCHES = (7, -11, 0, 5, -13, 0, 3)
"""Sizes of batches, prime so that nothing else comes in the same numbers; 0 is an idle round.

The visits of a negative one are made one after the other, and only theirs are the latencies that count: a visit that
waits for another one's turn tells more of the other one.
"""
_IDLE_SECONDS = 0.3


class Progress(Protocol):
    """Where the examination says what it is doing."""

    def __call__(self, slug: str, *, done: float = 0, total: float = 0, **values: object) -> None:
        """Show a step of the catalogue's `progress` section, and how far it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: how many sessions, leaving how, and how long to wait for what they leave."""

    sessions: int
    departures: tuple[Departure, ...]
    settle: float
    second_look: float
    max_pause_ms: float = 100.0


class Visiting:
    """Makes the visits and writes them, and the counters between them, into the evidence."""

    def __init__(
        self,
        plan: Plan,
        observer: Observer,
        driver: Driver,
        *,
        progress: Progress,
        measure: Callable[[], Awaitable[dict[str, float]]],
        meter: Callable[[], LoadMeter],
        check: Callable[[], None],
    ) -> None:
        self.evidence = Evidence()
        self.stages = 0
        self._observer = observer
        self._driver = driver
        self._progress = progress
        self._measure = measure
        self._meter = meter
        self._check = check
        self._departures = plan.departures
        self._next = 1
        self._dice = random.Random(1)  # noqa: S311 - an order that is the same in every run, and no secret

    async def warm_up(self) -> None:
        """Make what is made once for all, so that it is not counted; and learn which departures can be exercised."""
        first = await self._visit([Departure.CLOSE])
        if first[0].problem is not None:
            self._check()
            raise first[0].problem
        await self._observer.discover()
        rest = [departure for departure in self._departures if departure not in SILENT]
        self.evidence.others += first + await self._visit(rest)
        for record in self.evidence.others:
            if not record.exercised:
                self._not_exercised(record)
        self._departures = tuple(
            departure for departure in self._departures if departure not in self.evidence.not_exercised
        )
        while await self._observer.discover():  # noqa: ASYNC110 - files appear
            await asyncio.sleep(0.3)  # workers open their doors one after the other
        self.evidence.warm_up = self._next - 1

    async def plant_canaries(self) -> None:
        if not self._observer.is_inside:
            return

        async def mark(port: int) -> None:
            await self._observer.ask("mark", ports=[port])

        self.evidence.others += await self._visit([Departure.CLOSE], before_connect=mark)
        self.evidence.warm_up = self._next - 1

    async def stage(self, sessions: int) -> None:
        """Make so many visits: first those that leave silently, the rest in batches with idle rounds between."""
        self.stages += 1
        total = len(self.evidence.visits) + sessions
        silent = [departure for departure in self._departures if departure in SILENT]
        loud = [departure for departure in self._departures if departure not in SILENT]
        share = sessions // len(self._departures) if self._departures else 0
        hushed = silent * (share if loud else -(-sessions // max(len(silent), 1)))
        await self._counted(hushed[:sessions], total)
        queue = self._shuffled(loud, sessions - len(hushed))
        await self._round(0, [])
        while queue:
            for size in _BATCHES:
                if size == 0:
                    await self._idle()
                elif queue:
                    batch, queue = queue[: abs(size)], queue[abs(size) :]
                    await self._round(size, batch, total)

    async def is_joined(self) -> bool:
        """Tell whether a worker opened its door after the warm-up: what it has served since is in no journal."""
        unseen = missing(self.evidence.counted.values(), self.evidence.visits)
        return bool(unseen) and await self._observer.discover()

    def forget_stage(self) -> None:
        """Count the visits made so far as warm-up, and nothing that was measured between them."""
        evidence, self.stages = self.evidence, 0
        evidence.others += evidence.visits
        for measured in (evidence.visits, evidence.rounds, evidence.windows, evidence.alone):
            measured.clear()

    def _shuffled(self, departures: Sequence[Departure], count: int) -> list[Departure]:
        """Return so many departures, each as often as the others, in an order that no leak can keep step with."""
        cycles = -(-count // len(departures)) if departures else 0
        return [departure for _ in range(cycles) for departure in self._dice.sample(departures, len(departures))][
            :count
        ]

    async def _round(self, size: int, batch: Sequence[Departure], total: int = 0) -> None:
        await self._counted(batch, total, are_alone=size < 0)
        self._check()
        floors = [await self._measure()]
        for _ in range(2):
            await asyncio.sleep(0.03)
            floors.append(await self._measure())
        lowest = {name: min(each[name] for each in floors) for name in floors[0]}
        self.evidence.rounds.append(counters.Round(size and len(batch), lowest))

    async def settled_round(self) -> None:
        """Take the counters once more, when everything has settled."""
        await self._round(0, [])

    async def _idle(self) -> None:
        await asyncio.sleep(_IDLE_SECONDS)
        await self._round(0, [])

    async def _counted(self, departures: Sequence[Departure], total: int, *, are_alone: bool = False) -> None:
        def done(_: VisitRecord) -> None:
            finished[0] += 1
            self._progress("visiting", done=finished[0], total=total)

        finished = [len(self.evidence.visits)]
        if are_alone:
            records = await self._alone(departures, done)
        else:
            records = await self._visit(departures, on_done=done)
        for record in records:
            if not record.exercised:
                self._not_exercised(record)
        self.evidence.visits += records
        if records and all(record.problem is not None for record in records) and len(records) >= 5:
            self._check()
            raise next(record.problem for record in records if record.problem is not None)
        await self._observer.drain()
        self.rematch()

    async def _alone(
        self, departures: Sequence[Departure], on_done: Callable[[VisitRecord], None]
    ) -> list[VisitRecord]:
        """Make visits one after the other, and take what other programs have of the machine meanwhile."""
        records = []
        meter = self._meter()
        for departure in departures:
            records += await self._visit([departure], on_done=on_done)
            self.evidence.alone[records[-1].n] = meter.lap()
        return records

    async def _visit(
        self,
        departures: Sequence[Departure],
        *,
        before_connect: Callable[[int], Awaitable[None]] | None = None,
        on_done: Callable[[VisitRecord], None] | None = None,
    ) -> list[VisitRecord]:
        if not departures:
            return []
        first, self._next = self._next, self._next + len(departures)
        return await self._driver.make(departures, first_n=first, before_connect=before_connect, on_done=on_done)

    def _not_exercised(self, record: VisitRecord) -> None:
        name = str(record.departure)
        self.evidence.not_exercised.setdefault(name, NotExercised(name, record.why_not))

    def rematch(self) -> None:
        evidence = self.evidence
        evidence.sessions = match(self._observer.sessions.values(), evidence.others + evidence.visits)
