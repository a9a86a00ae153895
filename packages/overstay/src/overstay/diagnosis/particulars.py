"""The particulars of a finding: short fragments that say how it grew, where it waits and what it is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from overstay import source
from overstay.judge.cohorts import Cohort
from overstay.judge.overstays import SESSION, Overstay
from overstay.messages import Speaker
from overstay.observation import APPLICATION, Frame, Holding

_DEFAULT_NAME = re.compile(r"(Thread|Task|ThreadPoolExecutor|Dummy)-\d+")
_MATERIAL_BLOCK = 0.1
"""A line that blocks the loop for less than this share of the worst one explains nothing."""


class Particulars:
    """Says what is known about overstays of one fingerprint; of several, the last one is shown."""

    def __init__(self, project: Path, say: Speaker) -> None:
        self._project = project
        self._say = say

    def of(self, held: Sequence[Overstay], cohort: Cohort, also: Iterable[str]) -> list[str]:
        """Return what is to say about these overstays; `also` names the other kinds that the same line leaves."""
        last, say, lines = held[-1], self._say, []
        if len(cohort.checkpoints) > 1 and last.kind != SESSION:
            lines.append(say("evidence.doubling", **_doubling(cohort)))
        waits = _waits_at(last.detail.get("waiting"))
        if waits is not None:
            lines.append(self._waiting(waits, last.place.where))
        lines += self._details(last, waits)
        kinds = [say(f"kind.{kind}") for kind in also]
        if kinds:
            lines.append(say("evidence.also", kinds=say("list.and").join(kinds)))
        if last.place.is_library:
            lines.append(say("evidence.library", library=source.library_of(last.place.where.file)))
        return lines

    def held_by(self, sessions: set[Any], holdings: Iterable[Holding]) -> list[str]:
        """Return what sessions that never end still hold themselves."""
        counts: dict[str, int] = {}
        for holding in holdings:
            if holding.session in sessions:
                counts[holding.kind] = counts.get(holding.kind, 0) + 1
        if not counts:
            return []
        listed = self._say("list.comma").join(self._say(f"kinds.{kind}", n=count) for kind, count in counts.items())
        return [self._say("evidence.holds", what=listed, sessions=len(sessions))]

    def blocks(self, blocks: Sequence[tuple[Frame, Mapping[str, Any]]]) -> list[str]:
        """Return how the worst lines block the loop, the first of them being the finding's site."""
        return [
            self._say(
                "evidence.blocks" if place else "evidence.blocks-here",
                where=self._line(frame),
                count=told["count"],
                max_ms=told["max_ms"],
            )
            for place, (frame, told) in enumerate(blocks[:3])
            if told["total_ms"] >= blocks[0][1]["total_ms"] * _MATERIAL_BLOCK
        ]

    def _details(self, last: Overstay, waits: Frame | None) -> list[str]:
        told = {frame.function.rpartition(".")[2] for frame in (waits, last.place.where) if frame}
        detail = {name: last.detail[name] for name in ("name", "path", "peer", "due_in") if last.detail.get(name)}
        if _repeats(str(detail.get("name", "")), told):
            detail.pop("name", None)
        lines = [self._say(f"evidence.{name}", value=value) for name, value in detail.items()]
        return lines + [self._say(f"evidence.{name}") for name in ("zombie", "reparented") if last.detail.get(name)]

    def _waiting(self, waits: Frame, made: Frame) -> str:
        function = waits.function.rpartition(".")[2]
        if waits.file == made.file:
            return self._say("evidence.waits-here", line=waits.line, function=function)
        place = self._say("evidence.place", site=self._line(waits), function=function)
        return self._say("evidence.waits-at", where=place)

    def _line(self, frame: Frame) -> str:
        return f"{source.short_path(frame.file, self._project)}:{frame.line}"


def _waits_at(waiting: object) -> Frame | None:
    """Return the innermost line of the application on a waiting stack, else the innermost of all."""
    if not isinstance(waiting, list) or not waiting:
        return None
    frames = [Frame(told["file"], told["line"], told["function"], told["rank"]) for told in waiting]
    return ([frame for frame in frames if frame.rank == APPLICATION] or frames)[-1]


def _repeats(name: str, told: set[str]) -> bool:
    """Tell whether a name is the default one, or says only which function runs."""
    return _DEFAULT_NAME.match(name) is not None or name.rpartition(".")[2] in told


def _doubling(cohort: Cohort) -> dict[str, str]:
    return {
        "sessions": " -> ".join(str(checkpoint.sessions) for checkpoint in cohort.checkpoints),
        "holding": " -> ".join(str(checkpoint.holding) for checkpoint in cohort.checkpoints),
    }
