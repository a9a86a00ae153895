"""What is written down about one visit."""

from dataclasses import dataclass

from overstay.errors import OverstayError
from overstay.visits.departure import Departure


@dataclass(frozen=True, slots=True)
class Connection:
    """One TCP connection of a visit.

    `port` is ours, `at` the monotonic time at which it was begun, `sessions` how many requests and handshakes the
    server must have seen on it: WebSocket handshakes that were answered, even by a refusal, and HTTP requests whose
    head was sent whole, since that is when servers call the application.
    """

    port: int
    at: float
    sessions: int
    path: str


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """One visit from opening to leaving, in monotonic seconds.

    `connect_s` runs from the first connection's begin to its finished handshake, `first_reply_s` from the first message
    sent to the first one received after it (from the handshake when nothing was sent). `sent` is how many messages the
    client sent. `why_not` is the slug of the
    reason when the departure was not exercised; the client then left by a plain close. `problem` is what made the
    visit fail.
    """

    n: int
    departure: Departure
    connections: tuple[Connection, ...]
    opened: float
    left: float
    connect_s: float | None
    first_reply_s: float | None
    exercised: bool
    why_not: str
    problem: OverstayError | None
    sent: int = 0
