"""How a client leaves."""

from enum import StrEnum


class Departure(StrEnum):
    """A way to leave a server, exact down to the segments that the server's kernel sees.

    close          WebSocket: Close 1000, its echo, FIN. HTTP: the whole reply, FIN.
    going-away     WebSocket: Close 1001 and FIN at once, as a closing tab does.
    reset          RST after the conversation.
    vanish         Never a byte again, in either direction, and the socket stays open.
    half-close     FIN, then reading on until the server ends.
    mid-reply      FIN without a farewell when the first bytes of a reply have come.
    mid-upload     FIN in the middle of a message or a request body.
    mid-handshake  FIN in the middle of the request; over plain TCP, FIN right after connecting.
    slow-reader    A tiny receive buffer that is never emptied again, and the socket stays open.
    """

    CLOSE = "close"
    GOING_AWAY = "going-away"
    RESET = "reset"
    VANISH = "vanish"
    HALF_CLOSE = "half-close"
    MID_REPLY = "mid-reply"
    MID_UPLOAD = "mid-upload"
    MID_HANDSHAKE = "mid-handshake"
    SLOW_READER = "slow-reader"


SILENT = frozenset({Departure.VANISH, Departure.SLOW_READER})
"""The departures after which the socket stays open until the driver is closed."""
