"""Attention: whether a server that nobody visits must be watched closely, or whether a sample of its time is enough.

Noting every holding of every session costs a server some CPU. While its sessions leave things, each is wanted; from a
server that leaves nothing, a tenth of the time tells as well, a little later, when it begins to.
"""

from collections.abc import Hashable, Sequence, Set

TRIAL = 20
"""Sessions in a row that must have left nothing before a server is trusted: of a leak in every fifth, 1 in 100 is
missed then, and found in one of the samples."""
SHARE = 10
"""One look in so many is at a time that was watched."""


class Attention:
    """Decides after each look whether the time until the next one is watched closely."""

    def __init__(self) -> None:
        self._known: Set[Hashable] = frozenset()
        self._trial_began = 0
        self._looks = 0
        self.is_trusting = False

    def after(self, ended: Sequence[Hashable], holding: Set[Hashable]) -> bool:
        """Return whether to watch closely now.

        `ended` are the ended sessions that were watched, in their order; `holding` are those that still hold something,
        watched or not. Only the latest are asked about: a pool that the first ones filled is no reason to go on.
        """
        if self.is_trusting and holding - self._known:
            self.is_trusting = False
            self._trial_began = len(ended)
        trial = ended[self._trial_began :][-TRIAL:]
        if not self.is_trusting and len(trial) == TRIAL and holding.isdisjoint(trial):
            self.is_trusting, self._looks, self._known = True, 0, frozenset(holding)
        self._looks += 1
        return not self.is_trusting or self._looks % SHARE == 0
