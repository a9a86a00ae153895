"""An HTTP/1.1 connection: requests one after the other, replies of any length or none."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import h11

from overstay.errors import TargetError
from overstay.visits.destination import Destination, Location
from overstay.visits.dialer import Dialed
from overstay.visits.wire import Wire, readable, written

STREAM_AFTER_S = 1.0
"""How long a reply of unknown length may take before it counts as one that does not end."""

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class _Framing(Enum):
    """What one message of a reply is."""

    WHOLE = auto()  # a reply with a length is one message
    CHUNKS = auto()
    EVENTS = auto()
    READS = auto()  # a reply that ends with its connection: whatever one read brings


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is asked of the server."""

    method: str
    location: Location
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def of(
        cls, destination: Destination, location: Location, method: str | None, headers: dict[str, str], body: object
    ) -> "HttpRequest":
        """Return the request with the headers that every request needs, unless the visit gave its own."""
        content = b"" if body is None else written(body)
        content = content.encode() if isinstance(content, str) else content
        pairs = destination.request_headers(headers)
        needed = [(b"Host", location.authority.encode("idna")), (b"Accept", b"*/*"), (b"User-Agent", b"overstay")]
        if body is not None:
            needed.append((b"Content-Length", str(len(content)).encode()))
        if not isinstance(body, str | bytes | None):
            needed.append((b"Content-Type", b"application/json"))
        given = {name.lower() for name, _ in pairs}
        missing = [(name, value) for name, value in needed if name.lower() not in given]
        return cls(method or ("GET" if body is None else "POST"), location, missing + pairs, content)


class HttpWire(Wire):
    """One connection for as many requests as the server keeps it alive for."""

    def __init__(self, dialed: Dialed, location: Location) -> None:
        super().__init__(dialed, location)
        self._h11 = h11.Connection(h11.CLIENT)
        self._framing = _Framing.WHOLE
        self._body = b""
        self._url = str(location)
        self.status: int | None = None
        self.is_complete = False
        self._on_complete: Callable[[float], None] = lambda _: None
        self.established_at = time.monotonic()

    @property
    def is_reusable(self) -> bool:
        """Tell whether the next request may go this way."""
        states = (self._h11.our_state, self._h11.their_state)
        return self.is_complete and self.ended is None and states == (h11.DONE, h11.DONE)

    @property
    def is_ending(self) -> bool:
        """Tell whether the server has ended the connection, or has said that it will not keep it."""
        return self.ended is not None or (self.is_complete and not self.is_reusable)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can come for the last request."""
        return self.is_complete or self.ended is not None

    @property
    def is_cut_off(self) -> bool:
        """Tell whether the server ended before its reply was complete."""
        return self.ended is not None and not self.is_complete

    @property
    def joiner(self) -> str:
        """Return what stands between messages: events are whole, pieces of a body are not."""
        return "\n" if self._framing is _Framing.EVENTS else ""

    async def request(self, request: HttpRequest, on_complete: Callable[[float], None]) -> None:
        """Send a request whole; `on_complete` is told how long the reply took from its first bytes to its last."""
        head, body = self._begin(request)
        self._on_complete = on_complete
        await self.transmit(head + body)
        self.sessions += 1

    async def request_half_handshake(self, request: HttpRequest) -> None:
        """Send the first half of a request's head."""
        head, _ = self._begin(request)
        await self.transmit(head[: len(head) // 2])

    async def request_half_body(self, request: HttpRequest) -> None:
        """Send a request's head, which announces the whole body, and the first half of the body."""
        head, body = self._begin(request)
        await self.transmit(head + body[: len(body) // 2])
        self.sessions += 1

    async def head(self) -> None:
        """Wait for the reply's head; raises TargetError for a status from 400 on or when the server ends first."""
        await self.wait_until(lambda: self.status is not None or self.ended is not None)
        if self.status is None:
            raise self.end_while(self._url)
        if self.status >= 400:
            raise TargetError("visit.refused", status=self.status, url=self._url)

    async def greeting(self) -> None:
        """Read the whole reply, or the beginning of one that does not end."""
        await self.head()
        if self._framing is _Framing.WHOLE:
            await self.wait_until(lambda: self.is_over)
        else:
            await self._read_on(until_first=self._framing is _Framing.EVENTS)
        if self.is_cut_off:
            raise self.end_while(self._url)

    async def close(self) -> None:
        """Read the reply to its end unless it has none, then FIN."""
        if self.status is not None and not self.is_over and self._framing is not _Framing.EVENTS:
            await self._read_on(until_first=False)
        await super().close()

    async def take(self, data: bytes) -> None:
        """Take in what the server sent; raises TargetError when it is no HTTP."""
        self.note_answer()
        self._h11.receive_data(data)
        try:
            self._meet_events()
        except h11.RemoteProtocolError as err:
            raise TargetError("visit.garbled", url=self._url, error=str(err)) from err
        if self._framing is _Framing.READS and not self.is_over:
            self._hand_out_body()

    def finish(self, how: str) -> None:
        """Take in the server's end, which is the regular end of a reply without a length."""
        if self.ended is None and how == "FIN":
            self._h11.receive_data(b"")
            # A reply that is cut off stays incomplete, and whoever waits for it says so.
            with contextlib.suppress(h11.RemoteProtocolError):
                self._meet_events()
        super().finish(how)

    async def _read_on(self, *, until_first: bool) -> None:
        try:
            async with asyncio.timeout(STREAM_AFTER_S):
                await self.wait_until(lambda: self.is_over or (until_first and bool(self.inbox)))
        except TimeoutError:
            return

    def _begin(self, request: HttpRequest) -> tuple[bytes, bytes]:
        """Return the bytes of a request's head and body."""
        if self.is_complete:
            self._h11.start_next_cycle()
        self.inbox.clear()
        self._url = str(request.location)
        self._framing, self._body = _Framing.WHOLE, b""
        self.status, self.is_complete = None, False
        head = self._h11.send(
            h11.Request(method=request.method, target=request.location.target, headers=request.headers)
        )
        body = self._h11.send(h11.Data(data=request.body)) if request.body else b""
        self._h11.send(h11.EndOfMessage())
        return head or b"", body or b""

    def _meet_events(self) -> None:
        while True:
            event = self._h11.next_event()
            match event:
                case h11.Response():
                    self.status = event.status_code
                    self._framing = _framing_of(event)
                case h11.Data():
                    self._body += event.data
                    self._hand_out(chunk_ended=event.chunk_end)
                case h11.EndOfMessage():
                    self._hand_out_body()
                    self.is_complete = True
                    now = time.monotonic()
                    self._on_complete(now - (self.answered_at or now))
                case h11.InformationalResponse():
                    continue
                case _:
                    return

    def _hand_out(self, *, chunk_ended: bool) -> None:
        if self._framing is _Framing.EVENTS:
            *events, self._body = _BLANK_LINE.split(self._body)
            self.inbox.extend(readable(event) for event in events if event)
        elif self._framing is _Framing.CHUNKS and chunk_ended:
            self._hand_out_body()

    def _hand_out_body(self) -> None:
        if self._body:
            self.inbox.append(readable(self._body))
        self._body = b""


def _framing_of(response: h11.Response) -> _Framing:
    headers = {bytes(name): bytes(value) for name, value in response.headers}
    if headers.get(b"content-type", b"").lower().startswith(b"text/event-stream"):
        return _Framing.EVENTS
    if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
        return _Framing.CHUNKS
    return _Framing.WHOLE if b"content-length" in headers or response.status_code in {204, 304} else _Framing.READS
