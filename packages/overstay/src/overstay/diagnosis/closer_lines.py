"""Whether what is there to end an object has run: in which sessions, and where it did not, what kept it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from overstay import placement, source
from overstay.calling import Obstacle, guard_for_absent, obstacle
from overstay.closing import MADE, Closable
from overstay.evidence import Evidence
from overstay.judge.sessions import Key
from overstay.memory import Held
from overstay.messages import Speaker
from overstay.observation import APPLICATION, Frame, Place

_FEW = 3
"""What fewer sessions have made is shared by others, and made when it was first needed."""


class CloserLines:
    """Says of the class whose method left something, or whose attribute grows, what its closers did."""

    def __init__(self, evidence: Evidence, project: Path, say: Speaker) -> None:
        self._evidence = evidence
        self._closing = evidence.closing
        self._project = project
        self._say = say

    def of_left(self, kind: str, place: Place, sessions: Iterable[Key]) -> list[str]:
        """Return what is to say about holdings of a kind that these sessions left, made at a place."""
        known = self._class_of([place.where, *place.frames])
        if known is None:
            return []
        return _Account(known, sessions, self._evidence, ()).lines(self._say, self._project, kind=kind)

    def of_held(self, held: Held, place: Place | None) -> list[str]:
        """Return what is to say about what is held: by closers of its owner, else of the class that puts it there."""
        parts = held.holder.split(".")
        owners = [Frame(held.file, 0, ".".join(parts[start:]), APPLICATION) for start in range(len(parts))]
        known = self._class_of([*owners, *((place.where,) if place else ())])
        if known is None:
            return []
        about = [each for each in known.closers if each not in placement.closers_without(held.file, held.name)]
        if held.sessions:
            return _Account(known, held.sessions, self._evidence, about).lines(self._say, self._project, kind="object")
        made = self._closing.runners(known, MADE) & self._ended
        account = _Account(known, made if len(made) >= _FEW else self._ended, self._evidence, about)
        return [*self._filled(held), *account.lines(self._say, self._project, name=held.name)]

    def _filled(self, held: Held) -> list[str]:
        """Return how many sessions ran the method that fills what grows, where that was watched."""
        file, owner, method = placement.filler_of(held.file, held.name) or ("", "", "")
        known = self._closing.class_of(file, owner)
        watched = self._closing.watched(known, method, self._ended) if known else set()
        if known is None or not watched or method == MADE:
            return []
        ran = len(self._closing.runners(known, method) & watched)
        name = f"{known.own_name}.{method}"
        return [self._say("closer.fills", method=name, ran=ran, sessions=len(watched))]

    @property
    def _ended(self) -> set[Key]:
        return {key for key, session in self._evidence.counted.items() if session.ended is not None}

    def _class_of(self, frames: Sequence[Frame]) -> Closable | None:
        """Return the innermost class with a closer, else the innermost class of all."""
        own = [frame for frame in frames if frame.rank == APPLICATION]
        found = [known for frame in own if (known := self._closing.class_of(frame.file, frame.function))]
        return next((known for known in found if known.closers), found[0] if found else None)


class _Account:
    """What the closers of one class did in some sessions; `about` names those that are there for what is left."""

    def __init__(self, known: Closable, sessions: Iterable[Key], evidence: Evidence, about: Sequence[str]) -> None:
        closing = evidence.closing
        watched = [closer for closer in known.closers if closer in known.watched]
        self._known = known
        self._sessions = sessions = closing.watched(known, watched[0], sessions) if watched else set()
        self._about = about
        self._files = closing.files
        self._is_made_there = len(closing.runners(known, MADE) & sessions) >= _FEW
        runners = {closer: closing.runners(known, closer) for closer in watched}
        self._ran = {closer: who & sessions for closer, who in runners.items()}
        self._others = {closer: (who - sessions) & evidence.counted.keys() for closer, who in runners.items()}
        self._outside = {closer for closer, who in runners.items() if any(session == 0 for _, session in who)}

    def lines(self, say: Speaker, project: Path, *, kind: str = "", name: str = "") -> list[str]:
        """Return the lines, at most one about closers that ran and one about such that did not."""
        if not self._sessions:
            return [] if self._known.watched else self._absent(say, project)
        return [*self._ran_lines(say, kind, name), *self._idle_lines(say, project)]

    def _ran_lines(self, say: Speaker, kind: str, name: str) -> list[str]:
        most = max((len(ran) for ran in self._ran.values()), default=0)
        told = {"closers": self._listed(say, [closer for closer, ran in self._ran.items() if len(ran) == most])}
        sessions = len(self._sessions)
        if most == sessions and kind:
            return [say("closer.ran-left", **told, sessions=sessions, what=say(f"kind.{kind}"))]
        if most == sessions:
            return [say("closer.ran-grew", **told, sessions=sessions, name=name)]
        return [say("closer.ran-some", **told, ran=most, sessions=sessions)] if most else []

    def _idle_lines(self, say: Speaker, project: Path) -> list[str]:
        """Return what is to say about closers that ran in none of the sessions."""
        has_run = any(self._ran.values())
        idle = [closer for closer, ran in self._ran.items() if not ran and (not has_run or closer in self._about)]
        elsewhere = [closer for closer in idle if self._others[closer]]
        if elsewhere:
            others = max(len(self._others[closer]) for closer in elsewhere)
            told = {"closers": self._listed(say, elsewhere), "others": others, "sessions": len(self._sessions)}
            return [say("closer.ran-others", **told)]
        outside = [closer for closer in idle if closer in self._outside]
        if outside:
            return [say("closer.ran-outside", closers=self._listed(say, outside))]
        absent = [] if has_run else self._absent(say, project)
        return self._never(say, project, idle, absent) or absent

    def _never(self, say: Speaker, project: Path, idle: Sequence[str], absent: Sequence[str]) -> list[str]:
        """Return that closers never ran: where sessions make an object, or where the source says what kept them."""
        found = [(closer, obstacle(self._files, self._known.own_name, closer)) for closer in idle]
        kept = [(closer, why) for closer, why in found if why is not None and why.what != "uncalled"]
        expected = [each for each in found if self._is_made_there or each[0] in self._about]
        chosen = kept or expected
        plain = [each for each in chosen if not each[0].startswith("__")] or chosen
        if not plain:
            return []
        why = plain[0][1]
        closers = self._listed(say, [closer for closer, other in plain if other == why])
        line = say("closer.never", closers=closers, sessions=len(self._sessions))
        if why is not None and not (absent and why.what == "uncalled"):
            return [line + say("list.colon") + _why(why, say, project)]
        return [say("list.colon").join([line, *absent])]

    def _absent(self, say: Speaker, project: Path) -> list[str]:
        found = guard_for_absent(self._files, self._known.own_name, frozenset(self._known.closers))
        if found is None:
            return []
        closer, at = found
        where = _where(at, project)
        return [say("closer.absent", owner=self._known.name, closer=closer, code=at.code, where=where)]

    def _listed(self, say: Speaker, closers: Iterable[str]) -> str:
        return say("list.and").join(f"`{self._known.own_name}.{closer}`" for closer in closers)


def _why(why: Obstacle, say: Speaker, project: Path) -> str:
    return say(f"closer.why-{why.what}", code=why.code, where=_where(why, project))


def _where(at: Obstacle, project: Path) -> str:
    return f"{source.short_path(at.file, project)}:{at.line}"
