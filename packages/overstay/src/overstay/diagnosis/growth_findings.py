"""Findings about what nobody owns: a server that gets slower, counters that grow."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from overstay import source
from overstay.diagnosis.particulars import Particulars
from overstay.evidence import Evidence
from overstay.findings import SEVERITY_OF, AffectsYou, Disturbance, Finding, Fix, Rate, Site, Verdict
from overstay.judge import counters
from overstay.judge.latency import Slowing
from overstay.judge.overstays import SESSION
from overstay.messages import Speaker
from overstay.observation import Frame, Place

_HISTORY = re.compile(r"histor|store_message|json\.dump", re.IGNORECASE)
_HISTORY_SUSPECT = 5
_EXPLAINED_BY = {
    "fds": {"socket", "descriptor", "process", "file", SESSION},
    "threads": {"thread", "job", "process", SESSION},
    "children": {"process", SESSION},
}
_FRAME = ("file", "line", "function", "rank")
_NOWHERE = Place(Frame("", 0, "", 0), False, ())


class GrowthFindings:
    """Turns latencies and counters into findings; `lag` is the probes' account of the loops."""

    def __init__(self, evidence: Evidence, lag: Sequence[Mapping[str, Any]], project: Path, say: Speaker) -> None:
        self.connect = evidence.connecting
        self.reply = evidence.replying
        self.counted = [counters.count(name, evidence.rounds) for name in counters.NAMES]
        self._evidence = evidence
        self._lag = lag
        self._project = project
        self._say = say

    @property
    def disturbance(self) -> Disturbance | None:
        """Return the load that may be why a latency rose; None where none did, or where it is a finding anyway."""
        if self.connect.is_material or self.reply.is_material:
            return None
        return self.reply.disturbance or self.connect.disturbance

    def slower(self) -> list[Finding]:
        is_reply = self.reply.is_material
        judged = self.reply if is_reply else self.connect
        if not judged.is_material or judged.trend is None:
            return []
        blocks = self._blocks()
        place = blocks[0][0] if blocks else None
        return [self._slower_finding("first-reply" if is_reply else "connect", judged, place, blocks)]

    def _slower_finding(
        self, what: str, judged: Slowing, place: Place | None, blocks: Sequence[tuple[Place, Mapping[str, Any]]]
    ) -> Finding:
        say, project, rule = self._say, self._project, "slower-per-session"
        site = source.site_of(place, project) if place else None
        trend = judged.trend
        assert trend is not None
        lines = Particulars(project, say).blocks([(at.where, told) for at, told in blocks])
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
        told = [block for lag in self._lag for block in lag["blocks"]]
        places = []
        for block in sorted(told, key=lambda block: -block["total_ms"]):
            where = block["where"]
            frames = tuple(Frame(**{name: frame[name] for name in _FRAME}) for frame in where["frames"])
            site = Frame(**{name: where["site"][name] for name in _FRAME})
            places.append((Place(site, where["library"], frames), block))
        return places

    def growing(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the counters that grow for no reason that was found. Memory alone is told, never a finding."""
        kinds = {finding.kind for finding in findings}
        growing = []
        for counted in self.counted:
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
            fingerprint=source.fingerprint(rule, counted.name, _NOWHERE, self._project),
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
