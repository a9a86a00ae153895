"""The report as a whole: the run's verdict, its notes and its figures around the findings."""

from collections.abc import Iterable, Mapping

from overstay.diagnosis.circumstances import Circumstances
from overstay.diagnosis.growth_findings import GrowthFindings
from overstay.diagnosis.memory_findings import MemoryFindings
from overstay.diagnosis.overstay_findings import OverstayFindings
from overstay.evidence import Evidence
from overstay.findings import Finding, Latency, Report, Run, RunVerdict, SelfCost, Target
from overstay.judge import counters
from overstay.judge.sessions import Missing, missing
from overstay.messages import Speaker
from overstay.report.problem import sentence

_ENOUGH_SESSIONS = 20
"""Watched sessions from which on a server that nobody visits may be called clean; of a leak in every tenth, 7 in 8 show
then."""


def diagnose(evidence: Evidence, circumstances: Circumstances, say: Speaker) -> Report:
    """Return the report of an examination, finished or not."""
    return _Summary(evidence, circumstances, say).report()


class _Summary:
    def __init__(self, evidence: Evidence, circumstances: Circumstances, say: Speaker) -> None:
        self._evidence = evidence
        self._circumstances = circumstances
        self._say = say
        self._overstays = OverstayFindings(evidence, circumstances.project, say)
        self._memory = MemoryFindings(evidence, circumstances.project, say)
        self._growth = GrowthFindings(evidence, circumstances.lag, circumstances.project, say)
        # A server that ended, or an interrupted visit, has sessions that nobody could ask about: no door is missing.
        is_whole = circumstances.is_inside and evidence.is_finished
        self._missing = missing(evidence.counted.values(), evidence.visits) if is_whole else []

    def report(self) -> Report:
        """Return the whole report."""
        circumstances, evidence = self._circumstances, self._evidence
        kept, findings = self._overstays.judge()
        kept_in_memory, findings = self._memory.judge(findings)
        kept += kept_in_memory
        findings += self._growth.slower()
        findings += self._growth.growing(findings)
        findings.sort(key=_worst_first)
        departures: dict[str, int] = {}
        for visit in evidence.visits:
            departures[str(visit.departure)] = departures.get(str(visit.departure), 0) + 1
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
                sessions=evidence.total,
                departures=departures,
                not_exercised=tuple(evidence.not_exercised.values()),
                duration_s=round(circumstances.duration, 1),
                canaries=evidence.canaries,
                notes=self._notes(),
                sessions_per_worker={str(pid): count for pid, count in evidence.per_worker.items()},
                settle_s=circumstances.settle,
            ),
            latency=Latency(
                self._growth.connect.trend, self._growth.reply.trend, self._lag(), self._growth.disturbance
            ),
            findings=tuple(findings),
            kept=tuple(kept),
            counters={counted.name: _plain(counted) for counted in self._growth.counted if counted is not None},
            self_cost=self._self_cost(),
        )

    def _verdict(self, findings: Iterable[Finding]) -> RunVerdict:
        if self._missing or "missing" in self._evidence.canaries.values():
            return "invalid"
        verdicts = {finding.rule if finding.kind == "latency" else finding.verdict for finding in findings}
        if verdicts & {"leak", "likely"}:
            return "leak"
        if "slower-per-session" in verdicts:
            return "slower"
        evidence = self._evidence
        seen = len(evidence.watched) >= _ENOUGH_SESSIONS if evidence.counts_everybody else bool(evidence.visits)
        unclear = verdicts & {"inconclusive"} or not evidence.is_finished or not seen
        unclear = unclear or self._growth.disturbance is not None
        return "inconclusive" if unclear or not self._circumstances.is_inside else "clean"

    def _notes(self) -> tuple[str, ...]:
        say, notes = self._say, list(self._circumstances.notes)
        notes += [self._missing_note(gap) for gap in self._missing]
        lost = [kind for kind, state in self._evidence.canaries.items() if state == "missing"]
        if lost:
            notes.append(say("run.canary-missing", kinds=", ".join(say(f"kind.{kind}") for kind in lost)))
        if self._evidence.unseen:
            notes.append(say("run.memory-unseen", why=self._evidence.unseen))
        if self._evidence.is_restless:
            notes.append(say("run.never-settled", seconds=round(self._circumstances.settle)))
        disturbance = self._growth.disturbance
        if disturbance is not None:
            notes.append(say("run.machine-busy", first=_percent(disturbance.first), last=_percent(disturbance.last)))
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


def _plain(counted: counters.Counted) -> dict[str, object]:
    return {
        "first": counted.first,
        "last": counted.last,
        "per_session": round(counted.per_session, 3),
        "low": round(counted.low, 3),
        "high": round(counted.high, 3),
        "growth": counted.growth,
    }


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _worst_first(finding: Finding) -> tuple[int, int, float]:
    severity = ("severe", "warning", "fine").index(finding.severity)
    return severity, finding.suspect or 99, -(finding.rate.per_session if finding.rate else 0.0)
