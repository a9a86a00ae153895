"""Findings about overstays: verdict, rate, title, evidence and fix of each fingerprint."""

from collections.abc import Sequence
from pathlib import Path

from overstay import source
from overstay.diagnosis.particulars import Particulars
from overstay.evidence import Evidence
from overstay.findings import SEVERITY_OF, AffectsYou, Finding, Fix, Rate, Site, Verdict
from overstay.judge.cohorts import guilty, wilson
from overstay.judge.overstays import SESSION, Overstay, Signature
from overstay.messages import Speaker

_SUSPECTS = {"task": 1, "process": 3, "file": 4}
_PRECEDENCE = (SESSION, "process", "job", "thread", "task", "socket", "timer", "file", "descriptor")
"""What is told when one line leaves several things: the one that explains the others."""
_RARE = 0.95
"""From this many holdings per session on the title says "every client", below it how many of how many."""


class OverstayFindings:
    """Turns what sessions left into findings."""

    def __init__(self, evidence: Evidence, project: Path, say: Speaker) -> None:
        self._evidence = evidence
        self._project = project
        self._say = say
        self._particulars = Particulars(project, say)

    def judge(self) -> tuple[list[Finding], list[Finding]]:
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
        kind, project = signature[0], self._project
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
            evidence=self._told_beside(signature, held, also),
            fix=self._fix(rule, site),
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

    def _told_beside(self, signature: Signature, held: list[Overstay], also: Sequence[str]) -> tuple[str, ...]:
        lines = self._particulars.of(held, self._evidence.tally.cohort(signature), also)
        if signature[0] == SESSION:
            lines += self._particulars.held_by({overstay.session for overstay in held}, self._evidence.held)
        return tuple(lines)

    def _fix(self, rule: str, site: Site) -> Fix:
        if site.library is not None:
            return Fix(self._say("fix.library", library=site.library))
        return Fix(self._say(f"finding.{rule}.fix", code=site.code, function=site.function, file=site.file))
