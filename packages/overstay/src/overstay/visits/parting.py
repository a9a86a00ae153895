"""How one visit parts from its server, and at which moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

from overstay.errors import TargetError
from overstay.visits.departure import SILENT, Departure
from overstay.visits.habits import Habits, Moment
from overstay.visits.websocket_wire import WebSocketWire
from overstay.visits.wire import PATIENCE_S, Wire

_ACTS: dict[Departure, Callable[[Wire], Awaitable[None]]] = {
    Departure.CLOSE: lambda wire: wire.close(),
    Departure.GOING_AWAY: lambda wire: wire.go_away(),
    Departure.RESET: lambda wire: wire.reset(),
    Departure.VANISH: lambda wire: wire.fall_silent(),
    Departure.HALF_CLOSE: lambda wire: wire.half_close(),
    Departure.MID_REPLY: lambda wire: wire.abandon(),
    Departure.MID_UPLOAD: lambda wire: wire.abandon(),
    Departure.MID_HANDSHAKE: lambda wire: wire.abandon(),
    Departure.SLOW_READER: lambda wire: wire.stall(),
}
_MOMENTS: dict[Moment, Departure] = {
    "connect": Departure.MID_HANDSHAKE,
    "upload": Departure.MID_UPLOAD,
    "question": Departure.SLOW_READER,
    "reply": Departure.MID_REPLY,
}
_WHY_NOT_IN_THE_MIDDLE: dict[Departure, tuple[Moment, str]] = {
    Departure.MID_HANDSHAKE: ("connect", "visit.why-no-connection"),
    Departure.MID_UPLOAD: ("upload", "visit.why-no-upload"),
    Departure.MID_REPLY: ("reply", "visit.why-no-reply"),
}


class Leaving(BaseException):
    """Ends the visit's function at the moment of leaving.

    No Exception, so that a visit file's `except Exception` does not keep the client.
    """


class Parting:
    """Leaves a server once, on all connections of a visit alike."""

    def __init__(self, departure: Departure, habits: Habits) -> None:
        self._departure = departure
        self._habits = habits
        self.wires: list[Wire] = []
        self.counts: dict[Moment, int] = dict.fromkeys(_MOMENTS, 0)
        self.has_left = False
        self.left_at: float | None = None
        self.exercised = False
        self.why_not = ""

    @property
    def is_slow(self) -> bool:
        """Tell whether the connections need a tiny receive buffer."""
        return self._departure is Departure.SLOW_READER

    @property
    def is_silent(self) -> bool:
        """Tell whether the sockets stay open after leaving."""
        return self.exercised and self._departure in SILENT

    def reaches(self, moment: Moment) -> bool:
        """Count one more such moment, and tell whether the client leaves in the middle of it."""
        self.counts[moment] += 1
        return self._departure is _MOMENTS[moment] and self._habits.is_last(moment, self.counts[moment])

    def stay(self) -> None:
        """Raise Leaving when the client has left already, whatever the visit's function made of the first one."""
        if self.has_left:
            raise Leaving

    async def leave(self) -> NoReturn:
        """Leave in the middle of something, and end the visit's function."""
        await self._leave(self._departure)
        self.exercised = True
        raise Leaving

    async def leave_at_end(self) -> None:
        """Leave after the conversation; where the departure does not apply, close and say why."""
        self.why_not = "" if await self._begins_upload() else self._why_not()
        await self._leave(Departure.CLOSE if self.why_not else self._departure)
        self.exercised = not self.why_not

    async def _leave(self, departure: Departure) -> None:
        self.has_left = True
        await asyncio.gather(*(_ACTS[departure](wire) for wire in self.wires))
        self.left_at = time.monotonic()

    async def _begins_upload(self) -> bool:
        """Begin a message for a visit that sends none: any WebSocket takes one, whatever it makes of it."""
        if self._departure is not Departure.MID_UPLOAD or self.counts["upload"]:
            return False
        for wire in self.wires:
            if isinstance(wire, WebSocketWire) and not wire.is_ending:
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        await wire.send_half("")
                except (TargetError, TimeoutError):
                    return False
                return True
        return False

    def _why_not(self) -> str:
        if not self.wires:
            return "visit.why-no-connection"
        if self._departure in _WHY_NOT_IN_THE_MIDDLE:
            moment, slug = _WHY_NOT_IN_THE_MIDDLE[self._departure]
            return "visit.why-not-reached" if self.counts[moment] else slug
        candidates = self.wires
        if self._departure is Departure.GOING_AWAY:
            candidates = [wire for wire in self.wires if isinstance(wire, WebSocketWire)]
            if not candidates:
                return "visit.why-no-close-frame"
        if self._departure is not Departure.CLOSE and all(wire.is_ending for wire in candidates):
            return "visit.why-ended-first"
        return ""
