"""Overstays by fingerprint: which holdings of departed clients are the same thing left again and again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from overstay.judge.cohorts import Checkpoint, Cohort, Sense, is_worth_doubling, sense_of
from overstay.judge.sessions import Key, Session
from overstay.observation import Frame, Look, Place, waiting_place

SESSION, OBJECT = "session", "object"


@dataclass(frozen=True, slots=True)
class Overstay:
    """Something that is still there after its client left: a holding, or the session itself."""

    kind: str
    session: Key
    place: Place
    detail: Mapping[str, object] = field(default_factory=dict)


Signature = tuple[str, str, str, int]
"""What makes two overstays the same within one run: kind, file, function, line."""


def signature_of(overstay: Overstay) -> Signature:
    """Return the signature of an overstay."""
    where: Frame = overstay.place.where
    return overstay.kind, where.file, where.function, where.line


def overstays(look: Look, counted: Mapping[Key, Session], departed: Iterable[Key]) -> list[Overstay]:
    """Return what the counted sessions left: holdings of the ended ones, and those that never ended."""
    left = [
        Overstay(holding.kind, holding.session, holding.place, holding.detail)
        for holding in look.holdings
        if holding.session in counted and holding.session not in look.canary_sessions
    ]
    held = {key: look.open[key] for key in departed if key in look.open}
    return left + [Overstay(SESSION, key, waiting_place(stay.waiting)) for key, stay in held.items()]


class Tally:
    """The overstays of a run as they develop from checkpoint to checkpoint."""

    def __init__(self) -> None:
        self._checkpoints: dict[Signature, list[Checkpoint]] = {}
        self._marks: list[int] = []
        self.latest: dict[Signature, list[Overstay]] = {}
        self.order: dict[Key, int] = {}

    def look(self, found: Iterable[Overstay], order: Mapping[Key, int]) -> None:
        """Take note of the present overstays; `order` has the ordinal of every counted session."""
        self.order = dict(order)
        self.latest = {}
        for overstay in found:
            if overstay.session in order:
                self.latest.setdefault(signature_of(overstay), []).append(overstay)

    def counts(self) -> dict[tuple[Signature, Key], int]:
        """Return how much each session has left of each kind: it stays the same once the server has settled."""
        return Counter((signature, each.session) for signature, held in self.latest.items() for each in held)

    def checkpoint(self) -> None:
        """Keep the present counts as those of a finished doubling."""
        sessions = len(self.order)
        self._marks.append(sessions)
        for signature in {*self.latest, *self._checkpoints}:
            count = len({overstay.session for overstay in self.latest.get(signature, ())})
            self._checkpoints.setdefault(signature, [Checkpoint(mark, 0) for mark in self._marks[:-1]]).append(
                Checkpoint(sessions, count)
            )

    def cohort(self, signature: Signature) -> Cohort:
        """Return the cohort of one signature; its last checkpoint is the present count once no session came since."""
        births = tuple(sorted(self.order[overstay.session] for overstay in self.latest.get(signature, ())))
        checkpoints = list(self._checkpoints.get(signature, ()))
        if checkpoints and checkpoints[-1].sessions == len(self.order):
            checkpoints[-1] = Checkpoint(len(self.order), len(set(births)))
        return Cohort(births, len(self.order), tuple(checkpoints))

    def sense(self, signature: Signature) -> Sense:
        """Return what the ages of one signature's survivors say.

        A session that never ends is its own proof: twice is often enough, and no doubling adds to it.
        """
        if signature[0] == SESSION:
            return "repeating" if len(self.latest.get(signature, ())) > 1 else "inconclusive"
        return sense_of(self.cohort(signature))

    def is_worth_doubling(self) -> bool:
        """Tell whether more sessions could settle anything."""
        return any(is_worth_doubling(self.cohort(signature)) for signature in self.latest if signature[0] != SESSION)

    def suspicious(self) -> list[Signature]:
        """Return the signatures that may be leaks."""
        return [
            signature
            for signature in self.latest
            if self.sense(signature) in ("repeating", "inconclusive", "bounded-last")
        ]
