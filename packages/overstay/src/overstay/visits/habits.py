"""What earlier visits showed about the script, so that later ones know where its last moments are.

A departure in the middle of something should come at the end of the conversation, when the session holds most, but a
script does not say which of its messages is the last. Every visit that runs to its end teaches how many there are.
Until one has, the first moment is taken for the last. Asking the user to mark the place was rejected: scripts would
then be written for one departure.
"""

from typing import Literal

Moment = Literal["connect", "upload", "question", "reply"]

SHORT_REPLY_S = 0.005


class Habits:
    """How many moments of each kind a whole visit has, and how long its replies take.

    A connect is a handshake or a request, an upload a message or a request with a body, a question a message or any
    request, a reply that of a request or a block that the script marks.
    """

    def __init__(self) -> None:
        self._counts: dict[Moment, int] = {}
        self._reply_seconds: dict[int, float] = {}

    def learn(self, counts: dict[Moment, int]) -> None:
        """Take over the counts of a visit that ran to its end; where visits differ the smallest count stands."""
        for moment, count in counts.items():
            self._counts[moment] = min(count, self._counts.get(moment, count))

    def is_last(self, moment: Moment, count: int) -> bool:
        """Tell whether the `count`th such moment of a visit is its last, as far as is known."""
        return count >= max(1, self._counts.get(moment, 1))

    def learn_reply(self, count: int, seconds: float) -> None:
        """Take over how long the `count`th reply took from its first bytes to its last; the longest stands."""
        self._reply_seconds[count] = max(seconds, self._reply_seconds.get(count, 0.0))

    def reply_is_short(self, count: int) -> bool:
        """Tell whether that reply is known to be over before a client could leave in the middle of it."""
        return self._reply_seconds.get(count, SHORT_REPLY_S) < SHORT_REPLY_S
