"""How long the way to a server and back takes: TCP connects, the TLS handshake, pings of a WebSocket."""

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Event, Ping, Pong, RejectConnection, Request
from wsproto.utilities import ProtocolError

from overstay.visits.destination import Destination, Location
from overstay.visits.tls import tls_context

_CONNECTS = 5
_PINGS = 10
_TIMEOUT = 2.0
_APART = 0.03
_READ = 65_536


@dataclass(frozen=True, slots=True)
class Trips:
    """Milliseconds of each trip; `lost` counts pings that nobody answered, `problem` is why there are none."""

    connects: tuple[float, ...]
    tls: float | None
    pings: tuple[float, ...]
    lost: int = 0
    problem: str | None = None

    @property
    def round_trip(self) -> float:
        """Return the median, of pings where there are any."""
        return median(self.pings or self.connects)

    @property
    def jitter(self) -> float:
        """Return by how much a trip differs from the one before, on average."""
        trips = self.pings or self.connects
        return fmean(abs(after - before) for before, after in pairwise(trips)) if len(trips) > 1 else 0.0


def measure(destination: Destination) -> Trips:
    """Return the trips to a server; raises OSError when there is no connection."""
    location = destination.location
    connects = tuple(_connect(location) for _ in range(_CONNECTS))
    if location.kind != "websocket" and not location.is_secure:
        return Trips(connects, None, ())
    with socket.create_connection((location.host, location.port), timeout=_TIMEOUT) as plain:
        began = time.perf_counter()
        with contextlib.ExitStack() as stack:
            stream, tls = plain, None
            if location.is_secure:
                context = tls_context(insecure=destination.insecure)
                stream = stack.enter_context(context.wrap_socket(plain, server_hostname=location.host))
                tls = 1000 * (time.perf_counter() - began)
            if location.kind != "websocket":
                return Trips(connects, tls, ())
            pings, lost, problem = _Talk(stream, destination).pinged()
    return Trips(connects, tls, pings, lost, problem)


def _connect(location: Location) -> float:
    began = time.perf_counter()
    with socket.create_connection((location.host, location.port), timeout=_TIMEOUT):
        return 1000 * (time.perf_counter() - began)


class _Talk:
    """One WebSocket, opened to be pinged."""

    def __init__(self, stream: socket.socket | ssl.SSLSocket, destination: Destination) -> None:
        self._stream = stream
        self._destination = destination
        self._ws = WSConnection(ConnectionType.CLIENT)

    def pinged(self) -> tuple[tuple[float, ...], int, str | None]:
        """Return the trips, how many pings were lost, and why there are none."""
        try:
            refusal = self._shake_hands()
            if refusal is not None:
                return (), 0, refusal
            trips = [self._ping(str(number).encode()) for number in range(_PINGS)]
        except (OSError, ProtocolError) as err:
            return (), 0, str(err) or type(err).__name__
        answered = tuple(trip for trip in trips if trip is not None)
        return answered, len(trips) - len(answered), None

    def _shake_hands(self) -> str | None:
        location = self._destination.location
        extra = self._destination.request_headers({})
        request = Request(
            host=location.authority,
            target=location.target,
            subprotocols=list(self._destination.subprotocols),
            extra_headers=[(name, value) for name, value in extra if name.lower() != b"host"],
        )
        self._stream.sendall(self._ws.send(request))
        answer = self._wait_for((AcceptConnection, RejectConnection))
        if isinstance(answer, RejectConnection):
            return f"HTTP {answer.status_code}"
        return None if answer is not None else "no handshake"

    def _ping(self, payload: bytes) -> float | None:
        time.sleep(_APART)
        began = time.perf_counter()
        self._stream.sendall(self._ws.send(Ping(payload)))
        answer = self._wait_for((Pong,), payload)
        return None if answer is None else 1000 * (time.perf_counter() - began)

    def _wait_for(self, kinds: tuple[type[Event], ...], payload: bytes | None = None) -> Event | None:
        """Return the first event of these kinds; None when the server ends or takes too long."""
        until = time.monotonic() + _TIMEOUT
        while time.monotonic() < until:
            for event in self._ws.events():
                if isinstance(event, kinds) and payload in (None, getattr(event, "payload", None)):
                    return event
            try:
                data = self._stream.recv(_READ)
            except TimeoutError:
                return None
            if not data:
                return None
            self._ws.receive_data(data)
        return None
