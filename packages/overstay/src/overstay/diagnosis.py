"""From the evidence of an examination to its report: verdicts, findings, words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overstay import source
from overstay.examination import Evidence
from overstay.findings import (
    SEVERITY_OF,
    AffectsYou,
    Finding,
    Fix,
    Latency,
    Rate,
    Report,
    Run,
    RunVerdict,
    SelfCost,
    Site,
    Target,
    Verdict,
)
from overstay.judge import counters
from overstay.judge.cohorts import Cohort, guilty, wilson
from overstay.judge.latency import Slowing, slowing
from overstay.judge.overstays import SESSION, Overstay, Signature
from overstay.judge.sessions import Missing, missing
from overstay.messages import Speaker
from overstay.observation import Frame, Place
from overstay.report.problem import sentence

_SUSPECTS = {"task": 1, "process": 3, "file": 4}
_HISTORY = re.compile(r"histor|store_message|json\.dump", re.IGNORECASE)
_HISTORY_SUSPECT = 5
_PRECEDENCE = (SESSION, "process", "job", "thread", "task", "socket", "timer", "file", "descriptor")
"""What is told when one line leaves several things: the one that explains the others."""
_EXPLAINED_BY = {
    "fds": {"socket", "descriptor", "process", "file", SESSION},
    "threads": {"thread", "job", "process", SESSION},
    "children": {"process", SESSION},
}
_RARE = 0.95


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a report needs to know besides the evidence."""

    project: Path
    command: tuple[str, ...]
    url: str | None
    python: str | None
    servers: tuple[str, ...]
    is_inside: bool
    duration: float
    settle: float
    lag: Sequence[Mapping[str, Any]] = ()
    self_costs: Sequence[Mapping[str, Any]] = ()
    notes: tuple[str, ...] = ()
    disarmed: Mapping[str, str] = field(default_factory=dict)


def diagnose(evidence: Evidence, circumstances: Circumstances, say: Speaker) -> Report:
    """Return the report of an examination, finished or not."""
    return _Diagnosis(evidence, circumstances, say).report()


class _Diagnosis:
    def __init__(self, evidence: Evidence, circumstances: Circumstances, say: Speaker) -> None:
        self._evidence = evidence
        self._circumstances = circumstances
        self._say = say
        self._connect = slowing(evidence.connects_ms)
        self._reply = slowing(evidence.first_replies_ms)
        self._missing = missing(evidence.counted.values(), evidence.visits) if circumstances.is_inside else []
        self._counted = [counters.count(name, evidence.rounds) for name in counters.NAMES]

    def report(self) -> Report:
        """Return the whole report."""
        circumstances, evidence = self._circumstances, self._evidence
        kept, findings = self._overstays()
        findings += self._slower()
        findings += self._growing(findings)
        findings.sort(key=_worst_first)
        departures: dict[str, int] = {}
        for visit in evidence.visits:
            departures[str(visit.departure)] = departures.get(str(visit.departure), 0) + 1
        workers: dict[str, int] = {}
        for session in evidence.counted.values():
            workers[str(session.key[0])] = workers.get(str(session.key[0]), 0) + 1
        return Report(
            verdict=self._verdict(findings),
            target=Target(
                circumstances.command,
                circumstances.url,
                circumstances.python,
                circumstances.servers,
                circumstances.is_inside,
            ),
            run=Run(
                visits=len(evidence.visits),
                sessions=len(evidence.counted),
                departures=departures,
                not_exercised=tuple(evidence.not_exercised.values()),
                duration_s=round(circumstances.duration, 1),
                canaries=evidence.canaries,
                notes=self._notes(),
                sessions_per_worker=workers,
                settle_s=circumstances.settle,
            ),
            latency=Latency(self._connect.trend, self._reply.trend, self._lag()),
            findings=tuple(findings),
            kept=tuple(kept),
            counters={counted.name: _plain(counted) for counted in self._counted if counted is not None},
            self_cost=self._self_cost(),
        )

    # Verdict of the run

    def _verdict(self, findings: Iterable[Finding]) -> RunVerdict:
        if self._missing or "missing" in self._evidence.canaries.values():
            return "invalid"
        verdicts = {finding.rule if finding.kind == "latency" else finding.verdict for finding in findings}
        if verdicts & {"leak", "likely"}:
            return "leak"
        if "slower-per-session" in verdicts:
            return "slower"
        unclear = verdicts & {"inconclusive"} or not self._evidence.is_finished or not self._evidence.visits
        return "inconclusive" if unclear or not self._circumstances.is_inside else "clean"

    def _notes(self) -> tuple[str, ...]:
        say, notes = self._say, list(self._circumstances.notes)
        notes += [self._missing_note(gap) for gap in self._missing]
        lost = [kind for kind, state in self._evidence.canaries.items() if state == "missing"]
        if lost:
            notes.append(say("run.canary-missing", kinds=", ".join(say(f"kind.{kind}") for kind in lost)))
        failed = [visit.problem for visit in self._evidence.visits if visit.problem is not None]
        if failed:
            first = sentence(failed[0], say)
            notes.append(say("run.visits-failed", count=len(failed), visits=len(self._evidence.visits), first=first))
        notes += [say("run.probe-disarmed", what=what, why=why) for what, why in self._circumstances.disarmed.items()]
        return tuple(notes)

    def _missing_note(self, gap: Missing) -> str:
        return self._say(
            "run.sessions-missing",
            departure=gap.departure,
            visits=gap.expected,
            sessions=gap.seen,
            worker=", ".join(self._circumstances.servers) or "?",
        )

    # Overstays

    def _overstays(self) -> tuple[list[Finding], list[Finding]]:
        """Return what is kept within bounds, and what is a finding; of one line only the holding that explains it."""
        evidence, tally = self._evidence, self._evidence.tally
        judged: list[tuple[Verdict, Signature, list[Overstay]]] = [
            (self._verdict_of(signature), signature, held) for signature, held in tally.latest.items()
        ]
        judged += [("late", signature, held) for signature, held in evidence.late.items()]
        judged += [("cycle-pressure", signature, held) for signature, held in evidence.cycles.items()]
        judged.sort(key=lambda item: (_PRECEDENCE.index(item[1][0]), -len(item[2])))
        told: dict[tuple[bool, str, str, int], tuple[Verdict, Signature, list[Overstay], list[str]]] = {}
        for verdict, signature, held in judged:
            harmless = verdict in ("bounded", "one-off")
            place = (harmless, *signature[1:])
            if place in told:
                told[place][3].append(signature[0])
            else:
                told[place] = (verdict, signature, held, [])
        kept: list[Finding] = []
        findings: list[Finding] = []
        for (harmless, *_), (verdict, signature, held, also) in told.items():
            (kept if harmless else findings).append(self._finding(verdict, signature, held, also))
        return kept, findings

    def _verdict_of(self, signature: Signature) -> Verdict:
        sense = self._evidence.tally.sense(signature)
        if sense == "one-off":
            return "one-off"
        if sense in ("bounded-first", "bounded-last"):
            return "bounded"
        if sense == "inconclusive":
            return "inconclusive"
        proved = len(self._evidence.tally.cohort(signature).checkpoints) >= 2 or signature[0] == SESSION
        return "leak" if proved and self._evidence.has_second_look else "likely"

    def _finding(self, verdict: Verdict, signature: Signature, held: list[Overstay], also: Sequence[str]) -> Finding:
        kind, project = signature[0], self._circumstances.project
        rule = "session-never-ends" if kind == SESSION else f"{kind}-outlives-session"
        place = held[-1].place
        site = source.site_of(place, project)
        rate = self._rate(kind, held)
        return Finding(
            fingerprint=source.fingerprint(rule, kind, place, project),
            rule=rule,
            kind=kind,
            verdict=verdict,
            severity=SEVERITY_OF[verdict],
            title=self._title(rule, rate, verdict),
            rate=rate,
            site=site,
            stack=source.stack_of(place, project),
            evidence=self._evidence_lines(signature, held, also),
            fix=Fix(self._say(f"finding.{rule}.fix", code=site.code, function=site.function, file=site.file)),
            suspect=_SUSPECTS.get(kind),
            affects_you=AffectsYou("yes", self._say("evidence.seen-here")),
        )

    def _rate(self, kind: str, held: list[Overstay]) -> Rate:
        evidence = self._evidence
        holders: dict[str, int] = {}
        for key in {overstay.session for overstay in held}:
            departure = evidence.sessions[key].departure or "?"
            holders[departure] = holders.get(departure, 0) + 1
        made: dict[str, int] = {}
        for session in evidence.counted.values():
            # A session that has not ended cannot have outlived anything yet.
            if kind == SESSION or session.ended is not None:
                departure = session.departure or "?"
                made[departure] = made.get(departure, 0) + 1
        of = guilty(holders, made)
        sessions = sum(count for departure, count in made.items() if not of or departure in of)
        holding = sum(holders.values())
        each = len(held) / max(holding, 1)
        low, high = wilson(min(holding, sessions), sessions)
        return Rate(
            per_session=round(len(held) / max(sessions, 1), 3),
            low=round(low * each, 3),
            high=round(high * each, 3),
            left=len(held),
            sessions=sessions,
            of=of,
        )

    def _title(self, rule: str, rate: Rate, verdict: Verdict) -> str:
        say = self._say
        joined = say("list.or").join(say(f"departure.{departure}") for departure in rate.of)
        who = say("who.of", departures=joined) if rate.of else say("who.all")
        if verdict in ("bounded", "one-off"):
            return say(f"finding.{rule}.title-kept", count=rate.left)
        if rate.per_session >= _RARE:
            return say(f"finding.{rule}.title", who=who, count=round(rate.per_session))
        some = say("who.some-of", departures=joined) if rate.of else say("who.some-all")
        return say(f"finding.{rule}.title-some", who=some, left=rate.left, sessions=rate.sessions)

    def _evidence_lines(self, signature: Signature, held: list[Overstay], also: Sequence[str]) -> tuple[str, ...]:
        say, lines = self._say, []
        cohort = self._evidence.tally.cohort(signature)
        if len(cohort.checkpoints) > 1 and signature[0] != SESSION:
            lines.append(say("evidence.doubling", **_doubling(cohort)))
        detail = held[-1].detail
        waiting = detail.get("waiting")
        if isinstance(waiting, list) and waiting:
            lines.append(say("evidence.waits-at", where=self._where(waiting)))
        elif held[-1].kind == SESSION:
            lines.append(say("evidence.waits-at", where=self._line(held[-1].place.where)))
            lines += self._held_by(held)
        lines += [
            say(f"evidence.{name}", value=detail[name])
            for name in ("name", "path", "peer", "due_in")
            if detail.get(name) not in (None, "")
        ]
        lines += [say(f"evidence.{name}") for name in ("zombie", "reparented") if detail.get(name)]
        if also:
            lines.append(say("evidence.also", kinds=say("list.and").join(say(f"kind.{kind}") for kind in also)))
        if place_library := source.site_of(held[-1].place, self._circumstances.project).library:
            lines.append(say("evidence.library", library=place_library))
        return tuple(lines)

    def _held_by(self, held: list[Overstay]) -> list[str]:
        """Say what the sessions that never end hold themselves."""
        sessions = {overstay.session for overstay in held}
        counts: dict[str, int] = {}
        for holding in self._evidence.held:
            if holding.session in sessions:
                counts[holding.kind] = counts.get(holding.kind, 0) + 1
        if not counts:
            return []
        listed = self._say("list.and").join(f"{count} {self._say(f'kind.{kind}')}" for kind, count in counts.items())
        return [self._say("evidence.holds", what=listed, sessions=len(sessions))]

    def _where(self, waiting: Sequence[Mapping[str, Any]]) -> str:
        frames = [Frame(told["file"], told["line"], told["function"], told["rank"]) for told in waiting]
        ranked = [frame for frame in frames if frame.rank == 2] or frames
        return self._line(ranked[-1])

    def _line(self, frame: Frame) -> str:
        short = source.short_path(frame.file, self._circumstances.project)
        return f"{short}:{frame.line} {frame.function}"

    # What is nobody's

    def _slower(self) -> list[Finding]:
        is_reply = self._reply.is_material
        judged = self._reply if is_reply else self._connect
        if not judged.is_material or judged.trend is None:
            return []
        blocks = self._blocks()
        place = blocks[0][0] if blocks else None
        return [self._slower_finding("first-reply" if is_reply else "connect", judged, place, blocks)]

    def _slower_finding(
        self, what: str, judged: Slowing, place: Place | None, blocks: Sequence[tuple[Place, Mapping[str, Any]]]
    ) -> Finding:
        say, project, rule = self._say, self._circumstances.project, "slower-per-session"
        site = source.site_of(place, project) if place else None
        trend = judged.trend
        assert trend is not None
        lines = [
            say("evidence.blocks", where=self._line(block.where), count=told["count"], max_ms=told["max_ms"])
            for block, told in blocks[:5]
        ]
        text = " ".join([site.code, site.function, site.file]) if site else ""
        return Finding(
            fingerprint=source.fingerprint(rule, "latency", place or _NOWHERE, project),
            rule=rule,
            kind="latency",
            verdict="leak" if len(self._evidence.visits) > 40 and self._evidence.is_finished else "likely",
            severity="severe",
            title=say(
                f"finding.{rule}.title-{what}",
                first=trend.first_fifth,
                last=trend.last_fifth,
                slope=trend.per_100_sessions,
            ),
            rate=None,
            site=site,
            stack=source.stack_of(place, project) if place else (),
            evidence=tuple(lines),
            fix=Fix(self._slower_fix(rule, site)),
            suspect=_HISTORY_SUSPECT if _HISTORY.search(text) else None,
            affects_you=AffectsYou("yes", say("evidence.seen-here")),
        )

    def _slower_fix(self, rule: str, site: Site | None) -> str:
        if site is None:
            return self._say(f"finding.{rule}.fix-unknown")
        return self._say(f"finding.{rule}.fix", code=site.code, function=site.function, file=site.file)

    def _blocks(self) -> list[tuple[Place, Mapping[str, Any]]]:
        """Return the lines that blocked a loop, the longest in sum first."""
        told = [block for lag in self._circumstances.lag for block in lag["blocks"]]
        places = []
        for block in sorted(told, key=lambda block: -block["total_ms"]):
            where = block["where"]
            frames = tuple(Frame(**{name: frame[name] for name in _FRAME}) for frame in where["frames"])
            site = Frame(**{name: where["site"][name] for name in _FRAME})
            places.append((Place(site, where["library"], frames), block))
        return places

    def _growing(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the counters that grow for no reason that was found. Memory alone is told, never a finding."""
        kinds = {finding.kind for finding in findings}
        growing = []
        for counted in self._counted:
            if counted is None or counted.name == "rss" or counted.growth == "flat":
                continue
            if not kinds & _EXPLAINED_BY[counted.name]:
                growing.append(self._growing_finding(counted))
        return growing

    def _growing_finding(self, counted: counters.Counted) -> Finding:
        say, rule = self._say, "counter-grows"
        verdict: Verdict = "time-driven" if counted.growth == "time-driven" else "likely"
        visits = len(self._evidence.visits)
        return Finding(
            fingerprint=source.fingerprint(rule, counted.name, _NOWHERE, self._circumstances.project),
            rule=rule,
            kind=counted.name,
            verdict=verdict,
            severity=SEVERITY_OF[verdict],
            title=say(
                f"finding.{rule}.title",
                counter=say(f"counter.{counted.name}"),
                per_session=round(counted.per_session, 2),
                first=int(counted.first),
                last=int(counted.last),
            ),
            rate=Rate(
                round(counted.per_session, 3),
                round(counted.low, 3),
                round(counted.high, 3),
                max(int(counted.last - counted.first), 0),
                visits,
            ),
            site=None,
            fix=Fix(say(f"finding.{rule}.fix")),
        )

    def _lag(self) -> Mapping[str, float] | None:
        lags = self._circumstances.lag
        if not lags:
            return None
        return {name: max(float(lag[name]) for lag in lags) for name in ("p50", "p99", "max")}

    def _self_cost(self) -> SelfCost:
        costs = self._circumstances.self_costs
        if not costs:
            return SelfCost()
        return SelfCost(**{name: max(float(cost[name]) for cost in costs) for name in costs[0]})


_FRAME = ("file", "line", "function", "rank")
_NOWHERE = Place(Frame("", 0, "", 0), False, ())


def _doubling(cohort: Cohort) -> dict[str, str]:
    arrow = " → "
    return {
        "sessions": arrow.join(str(checkpoint.sessions) for checkpoint in cohort.checkpoints),
        "holding": arrow.join(str(checkpoint.holding) for checkpoint in cohort.checkpoints),
    }


def _plain(counted: counters.Counted) -> dict[str, object]:
    return {
        "first": counted.first,
        "last": counted.last,
        "per_session": round(counted.per_session, 3),
        "low": round(counted.low, 3),
        "high": round(counted.high, 3),
        "growth": counted.growth,
    }


def _worst_first(finding: Finding) -> tuple[int, int, float]:
    severity = ("severe", "warning", "fine").index(finding.severity)
    return severity, finding.suspect or 99, -(finding.rate.per_session if finding.rate else 0.0)
