"""The examination of a running server: visits in batches, looks between them, and more of both where it is not clear.

It collects; what it means is said in `judge`. Stages: warm-up, canary, the sessions asked for, settling; and where
something was left or got slower, twice and four times the sessions, and a second look a minute after the first have
left.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from overstay.errors import OverstayError
from overstay.findings import NotExercised
from overstay.judge import counters
from overstay.judge.latency import slowing
from overstay.judge.overstays import SESSION, Overstay, Signature, Tally, overstays
from overstay.judge.sessions import Key, Session, match
from overstay.observation import Holding, Look, Observer
from overstay.visits import SILENT, Departure, Driver, VisitRecord

_BATCHES = (7, 11, 0, 5, 13, 0, 3)
"""Sizes of batches, prime so that nothing else comes in the same numbers; 0 is an idle round."""
_IDLE_SECONDS = 0.3
_LONGEST_PAUSE = 1.6
_QUICK_SETTLE = 3.0
_DOUBLINGS = 2
_FEW = 3
KINDS_EVERYWHERE = frozenset({"thread", "job", "process", "file", "socket"})
KINDS_OF_LOOPS = frozenset({"task", "timer"})


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


@dataclass(slots=True)
class Evidence:
    """What an examination saw; filled in as it goes, so that an interrupted one has what there is."""

    warm_up: int = 0
    visits: list[VisitRecord] = field(default_factory=list)
    others: list[VisitRecord] = field(default_factory=list)
    sessions: dict[Key, Session] = field(default_factory=dict)
    not_exercised: dict[str, NotExercised] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    late: dict[Signature, list[Overstay]] = field(default_factory=dict)
    cycles: dict[Signature, list[Overstay]] = field(default_factory=dict)
    rounds: list[counters.Round] = field(default_factory=list)
    canaries: dict[str, str] = field(default_factory=dict)
    held: tuple[Holding, ...] = ()
    is_finished: bool = False
    has_second_look: bool = False
    counts_everybody: bool = False

    @property
    def counted(self) -> dict[Key, Session]:
        """Return the sessions that visits after the warm-up made; all there were, where we made none."""
        if self.counts_everybody:
            return self.sessions
        numbers = {visit.n for visit in self.visits}
        return {key: session for key, session in self.sessions.items() if session.visit in numbers}

    @property
    def order(self) -> dict[Key, int]:
        """Return the ordinal of every counted session, from 1, by its beginning."""
        in_order = sorted(self.counted.values(), key=lambda session: session.began)
        return {session.key: ordinal for ordinal, session in enumerate(in_order, 1)}

    @property
    def first_replies_ms(self) -> list[tuple[int, float]]:
        """Return the first-reply latency of every counted visit that had a reply, with its number."""
        return [
            (visit.n - self.warm_up, visit.first_reply_s * 1000)
            for visit in self.visits
            if visit.first_reply_s is not None and visit.departure not in SILENT and visit.problem is None
        ]

    @property
    def connects_ms(self) -> list[tuple[int, float]]:
        """Return the connect latency of every counted visit, with its number."""
        return [
            (visit.n - self.warm_up, visit.connect_s * 1000)
            for visit in self.visits
            if visit.connect_s is not None and visit.departure not in SILENT and visit.problem is None
        ]


class Examination:
    """One examination; `run` fills in the evidence."""

    def __init__(
        self,
        plan: Plan,
        observer: Observer,
        driver: Driver,
        *,
        progress: Progress,
        measure: Callable[[], Awaitable[dict[str, float]]],
        check: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._observer = observer
        self._driver = driver
        self._progress = progress
        self._measure = measure
        self._check = check
        self._departures = plan.departures
        self._next = 1
        self._stages = 0
        self._questionable: dict[Signature, list[Overstay]] = {}
        self.evidence = Evidence()

    async def run(self) -> None:
        """Examine; raises OverstayError when the server cannot be visited at all or ends half-way."""
        await self._warm_up()
        await self._plant_canaries()
        await self._stage(self._plan.sessions)
        await self._settle(self._plan.settle)
        self._check_canaries()
        self.evidence.tally.checkpoint()
        await self._double()
        await self._collect()
        await self._look_again()
        self.evidence.is_finished = True

    # Visits

    async def _warm_up(self) -> None:
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

    async def _plant_canaries(self) -> None:
        if not self._observer.is_inside:
            return

        async def mark(port: int) -> None:
            await self._observer.ask("mark", ports=[port])

        self.evidence.others += await self._visit([Departure.CLOSE], before_connect=mark)
        self.evidence.warm_up = self._next - 1

    async def _stage(self, sessions: int) -> None:
        """Make so many visits: first those that leave silently, the rest in batches with idle rounds between."""
        self._stages += 1
        total = len(self.evidence.visits) + sessions
        silent = [departure for departure in self._departures if departure in SILENT]
        loud = [departure for departure in self._departures if departure not in SILENT]
        share = sessions // len(self._departures) if self._departures else 0
        hushed = silent * (share if loud else -(-sessions // max(len(silent), 1)))
        await self._counted(hushed[:sessions], total)
        queue = [loud[place % len(loud)] for place in range(sessions - len(hushed))] if loud else []
        await self._round(0, [])
        while queue:
            for size in _BATCHES:
                if size == 0:
                    await self._idle()
                elif queue:
                    batch, queue = queue[:size], queue[size:]
                    await self._round(size, batch, total)

    async def _round(self, size: int, batch: Sequence[Departure], total: int = 0) -> None:
        await self._counted(batch, total)
        self._check()
        floors = [await self._measure()]
        for _ in range(2):
            await asyncio.sleep(0.03)
            floors.append(await self._measure())
        lowest = {name: min(each[name] for each in floors) for name in floors[0]}
        self.evidence.rounds.append(counters.Round(size and len(batch), lowest))

    async def _idle(self) -> None:
        await asyncio.sleep(_IDLE_SECONDS)
        await self._round(0, [])

    async def _counted(self, departures: Sequence[Departure], total: int) -> None:
        def done(_: VisitRecord) -> None:
            finished[0] += 1
            self._progress("visiting", done=finished[0], total=total)

        finished = [len(self.evidence.visits)]
        records = await self._visit(departures, on_done=done)
        for record in records:
            if not record.exercised:
                self._not_exercised(record)
        self.evidence.visits += records
        if records and all(record.problem is not None for record in records) and len(records) >= 5:
            self._check()
            raise next(record.problem for record in records if record.problem is not None)
        await self._observer.drain()
        self._rematch()

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

    def _rematch(self) -> None:
        evidence = self.evidence
        evidence.sessions = match(self._observer.sessions.values(), evidence.others + evidence.visits)

    # Looks

    async def _look(self, *, silent_too: bool = False) -> Look:
        look = await self._observer.look()
        self._rematch()
        evidence = self.evidence
        counted = evidence.counted
        departed = [key for key, session in counted.items() if silent_too or session.departure not in SILENT]
        evidence.held = look.held
        evidence.tally.look(overstays(look, counted, departed), evidence.order)
        self._seen = look
        return look

    async def _settle(self, cap: float, *, silent_too: bool = False) -> None:
        """Look again, with growing pauses, until nothing questionable is left or until the cap."""
        began, pause = time.monotonic(), 0.05
        while True:
            await self._look(silent_too=silent_too)
            elapsed = time.monotonic() - began
            if self._is_clean():
                return
            if elapsed >= cap:
                if cap >= self._plan.settle:
                    self._remember_questionable()
                return
            self._progress("settling", done=elapsed, total=cap)
            await asyncio.sleep(min(pause, max(cap - elapsed, 0.0)))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _remember_questionable(self) -> None:
        """Keep what is still there after settling in full: if it is gone at the second look, it was late.

        The few that a pool has lent to its first clients are not meant, only what most of them left.
        """
        tally = self.evidence.tally
        for signature in tally.suspicious():
            held = tally.latest[signature]
            if self._left_by_most(held):
                self._questionable.setdefault(signature, held)

    def _left_by_most(self, held: list[Overstay]) -> bool:
        sessions = self.evidence.sessions
        leavers = {overstay.session for overstay in held}
        departures = {sessions[key].departure for key in leavers}
        made = sum(session.departure in departures for session in self.evidence.counted.values())
        return len(leavers) >= _FEW and len(leavers) >= made / 2

    def _is_clean(self) -> bool:
        tally = self.evidence.tally
        return all(tally.sense(signature) in ("gone", "one-off", "bounded-first") for signature in tally.latest)

    def _check_canaries(self) -> None:
        if not self._observer.is_inside:
            return
        expected = KINDS_EVERYWHERE | (KINDS_OF_LOOPS if self._seen.has_loop else frozenset())
        # Where no session ever ends, that of the canaries does not either; that they are seen to be its own is enough.
        seen = self._seen.holdings + self._seen.held
        found = {holding.kind for holding in seen if holding.session in self._seen.canary_sessions}
        self.evidence.canaries = {kind: "found" if kind in found else "missing" for kind in sorted(expected)}

    async def _double(self) -> None:
        """Twice and four times the sessions, as long as that can tell a leak from a bound."""
        for doubling in range(_DOUBLINGS):
            if not self._is_worth_doubling():
                break
            self._progress("doubling", done=doubling, total=_DOUBLINGS)
            await self._stage(len(self.evidence.visits))
            await self._settle(min(self._plan.settle, _QUICK_SETTLE))
            self.evidence.tally.checkpoint()
        if self._stages > 1:
            await self._settle(self._plan.settle)

    def _is_worth_doubling(self) -> bool:
        evidence = self.evidence
        grows = any(
            counted is not None and counted.growth == "per-session"
            for counted in (counters.count(name, evidence.rounds) for name in counters.NAMES if name != "rss")
        )
        is_slower = any(slowing(points).is_material for points in (evidence.connects_ms, evidence.first_replies_ms))
        return evidence.tally.is_worth_doubling() or grows or is_slower

    async def _collect(self) -> None:
        """Let the collector run and set apart what only it has freed."""
        await self._look(silent_too=False)
        before = dict(self.evidence.tally.latest)
        if not before or not self._observer.is_inside:
            return
        await self._observer.ask("collect")
        await self._look(silent_too=False)
        for signature, held in before.items():
            if signature not in self.evidence.tally.latest and len(held) > 1:
                self.evidence.cycles[signature] = held

    async def _look_again(self) -> None:
        """Look a second time when the first clients have been gone for long; what is gone then was late."""
        evidence = self.evidence
        await self._look(silent_too=True)
        before = self._questionable
        first_stage = [visit.left for visit in evidence.visits[: self._plan.sessions]]
        if not (before or evidence.tally.suspicious()) or not first_stage:
            return
        began, until = time.monotonic(), max(first_stage) + self._plan.second_look
        while time.monotonic() < until and (evidence.tally.suspicious() or self._is_any_left(before)):
            self._progress("second-look", done=time.monotonic() - began, total=until - began)
            await asyncio.sleep(min(2.0, max(until - time.monotonic(), 0.0)))
            await self._look(silent_too=True)
        await self._settle(min(self._plan.settle, _QUICK_SETTLE), silent_too=True)
        evidence.has_second_look = True
        self._set_late_apart(before)

    def _is_any_left(self, before: dict[Signature, list[Overstay]]) -> bool:
        return any(signature in self.evidence.tally.latest for signature in before)

    def _set_late_apart(self, before: dict[Signature, list[Overstay]]) -> None:
        tally = self.evidence.tally
        sessions = self.evidence.sessions
        for signature, held in before.items():
            if signature[0] == SESSION and all(sessions[overstay.session].departure in SILENT for overstay in held):
                continue  # the server noticed by itself, as fast as its heartbeat
            first_ones = [overstay for overstay in held if tally.order.get(overstay.session, 0) <= self._plan.sessions]
            still = {overstay.session for overstay in tally.latest.get(signature, ())}
            if first_ones and not any(overstay.session in still for overstay in first_ones):
                self.evidence.late[signature] = held
                tally.latest.pop(signature, None)


def problems(visits: Iterable[VisitRecord]) -> list[OverstayError]:
    """Return what went wrong in these visits."""
    return [visit.problem for visit in visits if visit.problem is not None]
