"""Findings about memory: which references keep what sessions owned, and which containers grow."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from overstay import placement, source
from overstay.diagnosis.closer_lines import CloserLines
from overstay.diagnosis.rates import rate_of, title_of
from overstay.evidence import Evidence
from overstay.findings import SEVERITY_OF, AffectsYou, Finding, Fix, Rate, Reference, Verdict
from overstay.judge.containers import Grown, ages, grown
from overstay.memory import SHARED, Held
from overstay.messages import Speaker
from overstay.observation import APPLICATION, Frame, Place

_SUSPECTS = {"memory": 2, "mcp": 3, "history": 5}
"""Of the checklist, by a word in the names around the owner."""
_SHARED_SUSPECT = 6
_KNOWN_CACHES = (
    "module re/",
    "module re.",
    "module linecache/",
    "module sre_",
    "module tokenize/",
    "module _strptime/",
)
_MACHINERY = (
    "module logging/._handlerList",
    "event loop",
    "module threading/",
    "module _asyncio/",
    "module asyncio.",
    "module concurrent.futures",
)
"""What grows with the tasks, timers, threads and processes that are told as such."""
_QUEUES_OF_WAITERS = ("._waiters", "._getters", "._putters")
"""Of the standard library's locks, events and queues: a task or thread waits for each element, and is told."""
_VERDICT_OF_AGES: dict[str, Verdict] = {
    "one-off": "one-off",
    "bounded-first": "bounded",
    "bounded-last": "bounded",
    "likely": "inconclusive",
    "repeating": "leak",
}
_VERDICT_OF_GROWTH: dict[str, Verdict] = {
    "growing": "leak",
    "likely": "likely",
    "filling": "bounded",
    "flat": "bounded",
}
_KEPT = ("bounded", "one-off")
_KINDS = {"object-outlives-session": "object", "container-grows": "container"}


class MemoryFindings:
    """Turns what is held into findings."""

    def __init__(self, evidence: Evidence, project: Path, say: Speaker) -> None:
        self._evidence = evidence
        self._project = project
        self._say = say
        self._closers = CloserLines(evidence, project, say)

    def judge(self, findings: list[Finding]) -> tuple[list[Finding], list[Finding]]:
        """Return what is kept within bounds, and all findings: those given, with what they hold, and the new ones."""
        kept: list[Finding] = []
        new: list[Finding] = []
        for held in self._evidence.memory:
            if held.via is not None:
                findings = self._told_beside(findings, held)
                continue
            finding = self._object(held) if held.sessions else self._container(held)
            if finding is not None:
                (kept if finding.verdict in _KEPT else new).append(finding)
        return kept, [*findings, *new]

    def _told_beside(self, findings: list[Finding], held: Held) -> list[Finding]:
        """Return the findings with the trace at the one about the task, timer or thread that it passes through."""
        assert held.via is not None
        site = source.site_of(held.via.place, self._project)
        keeps = self._say("evidence.keeps", sessions=len(held.sessions or held.via.sessions), size=_size(held.bytes))
        return [
            replace(finding, trace=_trace(held), evidence=(*finding.evidence, keeps))
            if finding.kind == held.via.kind and finding.site == site and not finding.trace
            else finding
            for finding in findings
        ]

    def _object(self, held: Held) -> Finding | None:
        order = self._evidence.order
        mine = [key for key in held.sessions if key in order]
        births = sorted(order[key] for key in mine)
        verdict = _VERDICT_OF_AGES[ages(births, len(order))]
        if self._bound(held) is not None and verdict == "leak":
            verdict = "bounded"
        rate = rate_of(self._evidence, mine, len(mine))
        return self._finding("object-outlives-session", verdict, held, rate, self._object_evidence(held))

    def _container(self, held: Held) -> Finding | None:
        judged = grown(self._evidence.windows, held.containers)
        is_weak = held.bound is not None and held.bound["what"] == "weak"
        is_told = held.shape.startswith(_MACHINERY) or held.shape.endswith(_QUEUES_OF_WAITERS)
        if judged.growth == "flat" or is_weak or is_told:
            return None
        verdict = _VERDICT_OF_GROWTH[judged.growth]
        if self._bound(held) is not None or held.shape.startswith(_KNOWN_CACHES):
            verdict = "bounded"
        rate = Rate(
            round(judged.per_session, 3),
            round(judged.low, 3),
            round(judged.high, 3),
            judged.added,
            judged.sessions,
            per_message=round(judged.per_message, 3) if judged.per_message is not None else None,
        )
        return self._finding("container-grows", verdict, held, rate, self._growth_evidence(held, judged))

    def _finding(self, rule: str, verdict: Verdict, held: Held, rate: Rate, evidence: Sequence[str]) -> Finding:
        say, name = self._say, self._name(held)
        place = self._place(held)
        site = source.site_of(place, self._project) if place else None
        library = site.library if site else None
        fix = say(f"fix.pin.{held.pin}", name=name) if held.pin else say(f"finding.{rule}.fix", name=name)
        return Finding(
            fingerprint=source.fingerprint(rule, _KINDS[rule], place or _NOWHERE, self._project, held.shape),
            rule=rule,
            kind=_KINDS[rule],
            verdict=verdict,
            severity=SEVERITY_OF[verdict],
            title=title_of(rule, rate, say, is_kept=verdict in _KEPT, name=name),
            rate=rate,
            site=site,
            trace=_trace(held),
            evidence=tuple(evidence),
            fix=Fix(f"{say('fix.library', library=library)} {fix}" if library else fix),
            suspect=self._suspect(held, rule),
            affects_you=AffectsYou("yes", say("evidence.seen-here")),
        )

    def _suspect(self, held: Held, rule: str) -> int | None:
        text = f"{held.holder} {held.name} {held.file.rpartition('/')[2]}".lower()
        for word, suspect in _SUSPECTS.items():
            if word in text:
                return suspect
        return _SHARED_SUSPECT if held.pin == SHARED and rule == "container-grows" else None

    def _name(self, held: Held) -> str:
        owner = next((line.text for line in held.references if line.owner), held.root)
        if not held.name or held.name not in owner:
            return owner.partition("[")[0].removeprefix(".") or owner
        holder = held.holder.removeprefix("module ")
        return f"{held.name}" if holder == "__main__" else f"{holder.rpartition('.')[2]}.{held.name}"

    def _place(self, held: Held) -> Place | None:
        if not held.file:
            return None
        found = None
        if held.pin == "lru-cache-method":
            found = placement.definition_of(held.file, held.name)
        found = found or placement.site_of(held.file, held.name)
        if found is None:
            return None
        frame = Frame(held.file, found[0], found[1], APPLICATION)
        return Place(frame, "site-packages" in held.file or "dist-packages" in held.file, (frame,))

    def _bound(self, held: Held) -> int | None:
        if held.bound is not None:
            return int(held.bound["size"])
        return placement.bound_of(held.file, held.name)

    def _object_evidence(self, held: Held) -> list[str]:
        say = self._say
        what = say("list.comma").join(say(f"roles.{role}", n=count) for role, count in held.roles.items())
        lines = [say("evidence.retains", what=what, size=_size(held.bytes))]
        return lines + self._beside(held)

    def _growth_evidence(self, held: Held, judged: Grown) -> list[str]:
        say = self._say
        lengths = " -> ".join(
            str(sum(window.lengths.get(key, 0) for key in held.containers)) for window in self._evidence.windows
        )
        sessions = " -> ".join(str(window.sessions) for window in self._evidence.windows)
        lines = [say("evidence.lengths", kind=held.kind, lengths=lengths, sessions=sessions)]
        if judged.per_message is not None:
            lines.append(say("evidence.per-message", each=round(judged.per_message, 2)))
        return [*lines, say("evidence.size", size=_size(held.bytes)), *self._beside(held)]

    def _beside(self, held: Held) -> list[str]:
        """Return what is known of the owner: its bound, and what its closers did and leave as it is."""
        bound = self._bound(held)
        if bound is not None:
            return [self._say("evidence.bound", size=bound)]
        closers = placement.closers_without(held.file, held.name)
        leave = [self._say("evidence.closer", closer=f"`{closer}`", name=held.name) for closer in closers]
        return [*self._closers.of_held(held, self._place(held)), *leave]


_NOWHERE = Place(Frame("", 0, "", 0), False, ())


def _trace(held: Held) -> tuple[Reference, ...]:
    return (Reference(held.root), *(Reference(line.text, line.owner) for line in held.references))


def _size(size: int) -> str:
    for unit, divisor in (("MB", 1e6), ("kB", 1e3)):
        if size >= divisor:
            return f"{size / divisor:.1f} {unit}"
    return f"{size} B"
