"""Findings about overstays: verdict, rate, title, evidence and fix of each fingerprint."""

from collections.abc import Sequence
from pathlib import Path

from overstay import source
from overstay.diagnosis.closer_lines import CloserLines
from overstay.diagnosis.particulars import Particulars
from overstay.diagnosis.rates import rate_of, title_of
from overstay.evidence import Evidence
from overstay.findings import SEVERITY_OF, AffectsYou, Finding, Fix, Site, Verdict
from overstay.judge.overstays import OBJECT, SESSION, Overstay, Signature
from overstay.messages import Speaker

_SUSPECTS = {"task": 1, "process": 3, "file": 4}
_HARMLESS = ("bounded", "one-off", "cycle-pressure")
_GONE = (*_HARMLESS, "late")
_RULES = {SESSION: "session-never-ends", OBJECT: "cycle-pressure"}
_PRECEDENCE = (SESSION, "process", "job", "thread", "task", "socket", "timer", "file", "descriptor", OBJECT)
"""What is told when one line leaves several things: the one that explains the others."""


class OverstayFindings:
    """Turns what sessions left into findings."""

    def __init__(self, evidence: Evidence, project: Path, say: Speaker) -> None:
        self._evidence = evidence
        self._project = project
        self._say = say
        self._particulars = Particulars(project, say)
        self._closers = CloserLines(evidence, project, say)

    def judge(self) -> tuple[list[Finding], list[Finding]]:
        """Return what is kept within bounds, and what is a finding; of one line only the holding that explains it."""
        evidence, tally = self._evidence, self._evidence.tally
        judged: list[tuple[Verdict, Signature, list[Overstay]]] = [
            (self._verdict_of(signature), signature, held)
            for signature, held in tally.latest.items()
            if signature[0] != OBJECT  # what holds them says more: MemoryFindings
        ]
        judged += [("late", signature, held) for signature, held in evidence.late.items()]
        judged += [("cycle-pressure", signature, held) for signature, held in evidence.cycles.items()]
        judged.sort(key=lambda item: (_PRECEDENCE.index(item[1][0]), -len(item[2])))
        told: dict[tuple[bool, str, str, int], tuple[Verdict, Signature, list[Overstay], list[str]]] = {}
        for verdict, signature, held in judged:
            harmless = verdict in _HARMLESS
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
        rule = _RULES.get(kind, f"{kind}-outlives-session")
        place = held[-1].place
        site = source.site_of(place, project)
        sessions = [overstay.session for overstay in held]
        rate = rate_of(self._evidence, sessions, len(held), open_too=kind == SESSION, then=verdict == "late")
        return Finding(
            fingerprint=source.fingerprint(rule, kind, place, project),
            rule=rule,
            kind=kind,
            verdict=verdict,
            severity=SEVERITY_OF[verdict],
            title=title_of(rule, rate, self._say, is_kept=verdict in _HARMLESS),
            rate=rate,
            site=site,
            stack=source.stack_of(place, project),
            evidence=self._told_beside(verdict, signature, held, also),
            fix=self._fix(rule, site),
            suspect=_SUSPECTS.get(kind),
            affects_you=AffectsYou("yes", self._say("evidence.seen-here")),
        )

    def _told_beside(
        self, verdict: Verdict, signature: Signature, held: list[Overstay], also: Sequence[str]
    ) -> tuple[str, ...]:
        kind, sessions = signature[0], {overstay.session for overstay in held}
        lines = self._particulars.of(held, self._evidence.tally.cohort(signature), also)
        if kind == SESSION:
            lines += self._particulars.held_by(sessions, self._evidence.held)
        elif verdict not in _GONE:
            lines += self._closers.of_left(kind, held[-1].place, sessions)
        return tuple(lines)

    def _fix(self, rule: str, site: Site) -> Fix:
        if site.library is not None:
            return Fix(self._say("fix.library", library=site.library))
        return Fix(self._say(f"finding.{rule}.fix", code=site.code, function=site.function, file=site.file))
