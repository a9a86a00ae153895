"""The examination of a running server: visits in batches, looks between them, and more of both where it is not clear.

It collects; what it means is said in `judge`. Stages: warm-up, canary, the sessions asked for, settling; and where
something was left or got slower, twice and four times the sessions, and a second look a minute after the first have
left.
"""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from overstay import placement
from overstay.judge import containers, counters
from overstay.judge.overstays import OBJECT, SESSION, Overstay, Signature, overstays, signature_of
from overstay.memory import SHARED, Window, held_of, merged
from overstay.observation import Look, Observer
from overstay.visiting import Plan, Progress, Visiting
from overstay.visits import SILENT

_LONGEST_PAUSE = 1.6
_QUICK_SETTLE = 3.0
_DOUBLINGS = 2
_FEW = 3
_OFTEN = 3
_CYCLIC_ROLES = frozenset({"connection", "protocol"})
_NEARLY_ALL = 0.9
_KINDS = frozenset({"thread", "job", "file", "socket"})
_KINDS_OF_LOOPS = frozenset({"task", "timer"})
_KINDS_OF_PROC = frozenset({"process"} if Path("/proc/self/stat").exists() else ())
"""What a canary must be found of: everywhere, where a loop runs, where the system tells of its processes."""


class Examination:
    """One examination; `run` fills in the evidence."""

    def __init__(self, plan: Plan, observer: Observer, visiting: Visiting, *, progress: Progress) -> None:
        self._plan = plan
        self._observer = observer
        self._visiting = visiting
        self._progress = progress
        self._questionable: dict[Signature, list[Overstay]] = {}
        self.evidence = visiting.evidence
        self.evidence.closing = observer.closing

    async def run(self) -> None:
        """Examine; raises OverstayError when the server cannot be visited at all or ends half-way."""
        await self._visiting.warm_up()
        await self._first_stage()
        if await self._visiting.is_joined():
            self._visiting.forget_stage()
            await self._first_stage()
        await self._settle(self._plan.settle)
        self._check_canaries()
        self.evidence.tally.checkpoint()
        await self._measure_memory()
        await self._double()
        await self._collect()
        await self._look_again()
        await self._trace()
        await self._find_cycles()
        await self._visiting.settled_round()
        self.evidence.is_finished = True

    async def _first_stage(self) -> None:
        await self._visiting.plant_canaries()
        await self._measure_memory()
        await self._observer.watch_closers()
        await self._visiting.stage(self._plan.sessions)

    async def _look(self, *, silent_too: bool = False) -> Look:
        look = await self._observer.look()
        self._visiting.rematch()
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
            before = self.evidence.tally.counts()
            await self._look(silent_too=silent_too)
            await self._free_cycles(silent_too=silent_too)
            elapsed = time.monotonic() - began
            if self._is_clean():
                self.evidence.is_restless = False
                return
            if elapsed >= cap:
                if cap >= self._plan.settle:
                    self._remember_questionable()
                    self.evidence.is_restless = self.evidence.tally.counts() != before
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
            if signature[0] != OBJECT and self._left_by_most(held):
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
        expected = _KINDS | _KINDS_OF_PROC | (_KINDS_OF_LOOPS if self._seen.has_loop else frozenset())
        # Where no session ever ends, that of the canaries does not either; that they are seen to be its own is enough.
        seen = self._seen.holdings + self._seen.held
        found = {holding.kind for holding in seen if holding.session in self._seen.canary_sessions}
        self.evidence.canaries = {kind: "found" if kind in found else "missing" for kind in sorted(expected)}

    async def _double(self) -> None:
        """Twice and four times the sessions, as long as that can tell a leak from a bound."""
        for doubling in range(_DOUBLINGS):
            if not await self._is_worth_doubling():
                break
            self._progress("doubling", done=doubling, total=_DOUBLINGS)
            if self._visiting.stages == 1:
                await self._watch_fillers()
            await self._visiting.stage(len(self.evidence.visits))
            await self._settle(min(self._plan.settle, _QUICK_SETTLE))
            self.evidence.tally.checkpoint()
            await self._measure_memory()
        if self._visiting.stages > 1:
            await self._settle(self._plan.settle)

    async def _is_worth_doubling(self) -> bool:
        evidence = self.evidence
        grows = any(
            counted is not None and counted.growth == "per-session"
            for counted in (counters.count(name, evidence.rounds) for name in counters.NAMES if name != "rss")
        )
        is_slower = evidence.connecting.is_suspect or evidence.replying.is_suspect
        grows = grows or bool(containers.growing(evidence.windows))
        return evidence.tally.is_worth_doubling() or grows or is_slower or await self._blocks_often()

    async def _blocks_often(self) -> bool:
        """Tell whether lines block the loop again and again: whether for longer each time, few visits cannot show."""
        lags = await self._observer.ask("lag")
        return any(sum(block["count"] for block in lag["blocks"]) >= _OFTEN for lag in lags.values())

    async def _collect(self) -> None:
        """Let the collector run and set apart what only it has freed."""
        await self._look(silent_too=False)
        before = dict(self.evidence.tally.latest)
        if not before or not self._observer.is_inside:
            return
        await self._observer.ask("collect")
        await self._look(silent_too=False)
        for signature, held in before.items():
            if signature not in self.evidence.tally.latest and len(held) > 1 and signature[0] != OBJECT:
                self.evidence.cycles[signature] = held

    async def _free_cycles(self, *, silent_too: bool) -> None:
        """Where nothing but objects is left, let the collector run: what is in a cycle waits for nothing else."""
        latest = self.evidence.tally.latest
        if latest and all(signature[0] == OBJECT for signature in latest):
            await self._observer.ask("collect")
            await self._look(silent_too=silent_too)

    async def _find_cycles(self) -> None:
        """Set apart what nearly every session leaves to the collector; now and then an exception does so as well.

        A client that left without a word may have its connection still: its session is not expected among them.
        """
        await self._observer.ask("collect")
        await self._observer.drain()
        counted = self.evidence.counted
        expected = {key for key, session in counted.items() if session.departure not in SILENT} or set(counted)
        found: dict[Signature, list[Overstay]] = {}
        for collected in self._observer.collected:
            if collected.session in counted and collected.role in _CYCLIC_ROLES:
                overstay = Overstay(OBJECT, collected.session, collected.place)
                found.setdefault(signature_of(overstay), []).append(overstay)
        for signature, held in found.items():
            if len(expected & {overstay.session for overstay in held}) >= _NEARLY_ALL * len(expected):
                self.evidence.cycles[signature] = held

    async def _measure_memory(self) -> None:
        """Take the lengths of all containers, with what has been visited so far."""
        evidence = self.evidence
        if self._observer.is_inside:
            await self._observer.ask("collect")
            lengths = await self._observer.lengths(self._plan.max_pause_ms)
            messages = sum(visit.sent for visit in evidence.visits)
            evidence.windows.append(Window(len(evidence.counted), messages, lengths.of, lengths.referred))
            evidence.unseen = evidence.unseen or lengths.why

    async def _trace(self) -> None:
        """Ask what holds the containers that have grown, and the objects of sessions that have ended."""
        evidence = self.evidence
        grown = containers.growing(evidence.windows)
        if grown:  # what silent clients still had then has gone by now
            await self._observer.ask("collect")
            lengths = await self._observer.lengths(self._plan.max_pause_ms)
            evidence.windows[-1] = replace(evidence.windows[-1], lengths=lengths.of, referred=lengths.referred)
            grown = containers.growing(evidence.windows)
        if not grown and not any(signature[0] == OBJECT for signature in evidence.tally.latest):
            return
        self._progress("tracing")
        await self._observer.ask("collect")
        told, why = await self._observer.trace(grown, self._plan.max_pause_ms)
        counted = evidence.counted
        held = [each for pid, answer in told.items() for each in held_of(pid, answer)]
        of_ours = [replace(each, sessions=tuple(key for key in each.sessions if key in counted)) for each in held]
        evidence.memory = merged([each for each in of_ours if each.sessions or each.containers])
        evidence.unseen = evidence.unseen or why

    async def _watch_fillers(self) -> None:
        """Have it noted which sessions run the methods that fill what grows on objects that they share."""
        grown = containers.growing(self.evidence.windows)
        told = (await self._observer.trace(grown, self._plan.max_pause_ms))[0] if grown else {}
        held = [each for pid, answer in told.items() for each in held_of(pid, answer)]
        shared = [each for each in held if each.pin == SHARED]
        await self._observer.watch_closers(filter(None, (placement.filler_of(each.file, each.name) for each in shared)))

    async def _look_again(self) -> None:
        """Look a second time when the first clients have been gone for long; what is gone then was late."""
        evidence = self.evidence
        await self._look(silent_too=True)
        await self._free_cycles(silent_too=True)
        before = self._questionable
        first_stage = [visit.left for visit in evidence.visits[: self._plan.sessions]]
        if not (before or evidence.tally.suspicious()) or not first_stage:
            return
        began, until = time.monotonic(), max(first_stage) + self._plan.second_look
        while time.monotonic() < until and (evidence.tally.suspicious() or self._is_any_left(before)):
            self._progress("second-look", done=time.monotonic() - began, total=until - began)
            await asyncio.sleep(min(2.0, max(until - time.monotonic(), 0.0)))
            await self._look(silent_too=True)
            await self._free_cycles(silent_too=True)
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
