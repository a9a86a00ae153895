"""Attention: whether a server that nobody visits must be watched closely, or whether a sample of its time is enough.

Noting every holding of every session costs a server some CPU. While its sessions leave things, each is wanted; from a
server that leaves nothing, a tenth of the time tells as well, a little later, when it begins to.
"""

from collections.abc import Hashable, Iterable

TRIAL = 20
"""Ended sessions that must have left nothing before a server is trusted: of a leak in every fifth, 1 in 100 is missed
then, and found in one of the samples."""
SHARE = 10
"""One look in so many is at a time that was watched."""


class Attention:
    """Decides after each look whether the time until the next one is watched closely."""

    def __init__(self) -> None:
        self._known: frozenset[Hashable] = frozenset()
        self._trial_began = 0
        self._looks = 0
        self.is_trusting = False

    def after(self, left: Iterable[Hashable], ended: int) -> bool:
        """Return whether to watch closely now; `left` names what ended sessions hold, `ended` counts the watched ones.

        What was there when a trial began is known: a pool that the first sessions filled is no reason to go on.
        """
        present = frozenset(left)
        if present - self._known:
            self.is_trusting = False
            self._known, self._trial_began = present, ended
            return True
        if not self.is_trusting and ended - self._trial_began >= TRIAL:
            self.is_trusting, self._looks = True, 0
        self._looks += 1
        return not self.is_trusting or self._looks % SHARE == 0
