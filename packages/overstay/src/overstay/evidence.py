"""What an examination saw, before anybody says what it means."""

from dataclasses import dataclass, field

from overstay.closing import Closing
from overstay.findings import NotExercised
from overstay.judge import counters
from overstay.judge.latency import Slowing, slowing
from overstay.judge.load import Load, smoothed
from overstay.judge.overstays import Overstay, Signature, Tally
from overstay.judge.sessions import Key, Session
from overstay.memory import Held, Window
from overstay.observation import Holding
from overstay.visits import VisitRecord


@dataclass(slots=True)
class Evidence:
    """What an examination saw; filled in as it goes, so that an interrupted one has what there is."""

    warm_up: int = 0
    visits: list[VisitRecord] = field(default_factory=list)
    alone: dict[int, Load] = field(default_factory=dict)
    others: list[VisitRecord] = field(default_factory=list)
    sessions: dict[Key, Session] = field(default_factory=dict)
    not_exercised: dict[str, NotExercised] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    late: dict[Signature, list[Overstay]] = field(default_factory=dict)
    cycles: dict[Signature, list[Overstay]] = field(default_factory=dict)
    rounds: list[counters.Round] = field(default_factory=list)
    canaries: dict[str, str] = field(default_factory=dict)
    unrecorded: dict[int, int] = field(default_factory=dict)
    held: tuple[Holding, ...] = ()
    windows: list[Window] = field(default_factory=list)
    memory: list[Held] = field(default_factory=list)
    closing: Closing = field(default_factory=Closing)
    unseen: str = ""
    is_finished: bool = False
    is_restless: bool = False
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
    def per_worker(self) -> dict[int, int]:
        """Return how many counted sessions each process had, those among them of which it kept no record."""
        had = dict(self.unrecorded)
        for pid, _ in self.counted:
            had[pid] = had.get(pid, 0) + 1
        return had

    @property
    def total(self) -> int:
        """Return how many counted sessions there were."""
        return sum(self.per_worker.values())

    @property
    def watched(self) -> dict[Key, Session]:
        """Return the counted sessions whose every holding was noted."""
        return {key: session for key, session in self.counted.items() if session.is_watched}

    @property
    def order(self) -> dict[Key, int]:
        """Return the ordinal of every watched session, from 1, by its beginning."""
        in_order = sorted(self.watched.values(), key=lambda session: session.began)
        return {session.key: ordinal for ordinal, session in enumerate(in_order, 1)}

    @property
    def first_replies_ms(self) -> list[tuple[int, float]]:
        """Return the first-reply latency, in ms, of every counted visit that was made alone, with its number."""
        return [(n, visit.first_reply_s * 1000) for n, visit in self._timed() if visit.first_reply_s is not None]

    @property
    def connects_ms(self) -> list[tuple[int, float]]:
        """Return the connect latency, in ms, of every counted visit that was made alone, with its number."""
        return [(n, visit.connect_s * 1000) for n, visit in self._timed() if visit.connect_s is not None]

    @property
    def connecting(self) -> Slowing:
        """Return whether connecting gets slower with every visit."""
        return slowing(self.connects_ms, self._loads)

    @property
    def replying(self) -> Slowing:
        """Return whether the first reply gets slower with every visit."""
        return slowing(self.first_replies_ms, self._loads)

    @property
    def _loads(self) -> dict[int, Load]:
        return {n - self.warm_up: load for n, load in smoothed(self.alone).items()}

    def _timed(self) -> list[tuple[int, VisitRecord]]:
        return [
            (visit.n - self.warm_up, visit) for visit in self.visits if visit.n in self.alone and visit.problem is None
        ]
