"""What a visit file works with."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from overstay.errors import TargetError, UsageError
from overstay.visits.destination import Destination, Location
from overstay.visits.dialer import Dialed
from overstay.visits.expectation import Expectation, What
from overstay.visits.habits import Habits
from overstay.visits.http_wire import HttpRequest, HttpWire
from overstay.visits.parting import Parting
from overstay.visits.tcp_wire import TcpWire
from overstay.visits.websocket_wire import WebSocketWire
from overstay.visits.wire import Message, TalkingWire, Wire, written


class Client:
    """One visitor: a visit file's `async def visit(client)` says what it does, the driver how and when it leaves.

        async def visit(client):
            await client.connect()
            await client.send("hi")
            async with client.reply():
                await client.expect("done", timeout=10)

    The client may leave inside any of these calls: the function then ends there, and its `finally` blocks run.
    """

    n: int
    """The number of the visit, to make names or messages differ."""

    def __init__(
        self,
        n: int,
        *,
        destination: Destination,
        parting: Parting,
        habits: Habits,
        dial: Callable[[Location], Awaitable[Dialed]],
        timeout: float,
    ) -> None:
        self.n = n
        self._destination = destination
        self._parting = parting
        self._habits = habits
        self._dial = dial
        self._timeout = timeout
        self._wire: Wire | None = None
        self._leaves_in_reply = False
        self._stalls = False

    async def connect(
        self,
        path: str | None = None,
        *,
        method: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Open a connection and make it the one that the other calls mean; may be called more than once.

        Without `path` it goes to the URL of the command line, else to that path on the same server. ws:// opens a
        WebSocket and tcp:// a connection without a protocol. http:// sends a request and waits for the head of the
        reply; a connection that the server kept alive is used again. With `method` or `body` a ws:// server gets an
        HTTP request, too: to log in before talking, say. `body` is text, bytes or anything JSON-able.

        Raises TargetError when there is no connection, and for a refused handshake or a status from 400 on.
        """
        self._parting.stay()
        as_http = method is not None or body is not None
        location = self._destination.at(path, as_http=as_http)
        more = dict(headers or {})
        if location.kind == "http":
            await self._request(HttpRequest.of(self._destination, location, method, more, body))
        elif location.kind == "websocket":
            await self._open_websocket(location, more)
        else:
            await self._open_tcp(location)

    async def send(self, message: object) -> None:
        """Send one message: text, bytes, or anything JSON-able. Over tcp:// a text goes as a line, bytes as they are.

        Raises UsageError on an HTTP connection, which takes a `body` with its request and nothing after it.
        """
        wire = self._current("send")
        if not isinstance(wire, TalkingWire):
            raise UsageError("visit.send-on-http")
        encoded = written(message)
        async with self._within(self._timeout, "send"):
            if self._parting.reaches("upload"):
                await wire.send_half(encoded)
                await self._parting.leave()
            self._stalls = self._parting.reaches("question")
            await wire.send(encoded)

    @asynccontextmanager
    async def reply(self) -> AsyncIterator[None]:
        """Mark the block in which the server's reply is awaited; the departure `mid-reply` happens inside.

        The client leaves when the first bytes after its last message have come; where earlier visits saw whole replies
        come at once, it leaves before reading. An HTTP reply needs no mark: each one is a reply from its head on.
        """
        wire = self._current("reply")
        if isinstance(wire, HttpWire):
            yield
            return
        self._leaves_in_reply = self._parting.reaches("reply")
        learn = self._learn_reply()
        try:
            yield
            if self._leaves_in_reply:
                await self._parting.leave()
            if wire.answered_at is not None:
                learn(time.monotonic() - wire.answered_at)
        finally:
            self._leaves_in_reply = False

    async def receive(self, timeout: float | None = None) -> Message | None:
        """Return the next message: text, or bytes when it is not text.

        WebSocket: one message. tcp://: one line without its end, or what has come of one when nothing follows it.
        HTTP: the body of a reply that has a length; else one chunk, or one event of an event stream as it was sent.
        None when an HTTP reply or a TCP stream has ended; raises TargetError when a WebSocket has, when a reply is cut
        off, and after `timeout` seconds (the driver's when not given).
        """
        wire = await self._listen()
        async with self._within(self._seconds(timeout), "receive"):
            message = await wire.next_message()
        if message is None and (isinstance(wire, WebSocketWire) or (isinstance(wire, HttpWire) and wire.is_cut_off)):
            raise wire.end_while("receive")
        return message

    async def until(self, what: What, timeout: float | None = None) -> list[Message]:
        """Receive until `what` has come, and return all messages received for it.

        `what` is a substring, a compiled regular expression, or a predicate of one message. Raises TargetError after
        `timeout` seconds (the driver's when not given) and when the server ends before.
        """
        wire = await self._listen()
        expectation = Expectation(what, wire.joiner)
        messages: list[Message] = []
        async with self._within(self._seconds(timeout), str(expectation)):
            while (message := await wire.next_message()) is not None:
                messages.append(message)
                if expectation.is_met(message):
                    return messages
        raise wire.end_while(str(expectation))

    async def expect(self, what: What, timeout: float | None = None) -> Message:
        """Receive until `what` has come, as `until` does, and return the message with which it came."""
        return (await self.until(what, timeout))[-1]

    async def greeting(self) -> None:
        """Wait for what the server says by itself, as a visit without a file does, and leave it to be received.

        WebSocket and tcp://: what comes until the server is quiet, for a third of a second at most. HTTP: the whole
        reply, or the beginning of one that does not end.
        """
        wire = await self._listen()
        async with self._within(self._timeout, "greeting"):
            await wire.greeting()

    async def _listen(self) -> Wire:
        """Return the connection to receive on, unless the client leaves instead."""
        wire = self._current("receive")
        if self._stalls or self._leaves_in_reply:
            knows_short = self._leaves_in_reply and self._habits.reply_is_short(self._parting.counts["reply"])
            if not knows_short:
                async with self._within(self._timeout, "reply"):
                    await wire.answer()
            await self._parting.leave()
        return wire

    async def _open_websocket(self, location: Location, headers: dict[str, str]) -> None:
        wire = WebSocketWire(await self._dial(location), location)
        self._take_up(wire)
        request = wire.request(self._destination, headers)
        async with self._within(self._timeout, str(location)):
            if self._parting.reaches("connect"):
                await wire.push(request[: len(request) // 2])
                await self._parting.leave()
            await wire.shake_hands(request)

    async def _open_tcp(self, location: Location) -> None:
        self._take_up(TcpWire(await self._dial(location), location))
        if self._parting.reaches("connect"):
            await self._parting.leave()

    async def _request(self, request: HttpRequest) -> None:
        wire = await self._http_wire(request.location)
        async with self._within(self._timeout, str(request.location)):
            if self._parting.reaches("connect"):
                await wire.request_half_handshake(request)
                await self._parting.leave()
            if request.body and self._parting.reaches("upload"):
                await wire.request_half_body(request)
                await self._parting.leave()
            stalls, leaves = self._parting.reaches("question"), self._parting.reaches("reply")
            await wire.request(request, self._learn_reply())
            if stalls:
                await wire.answer()
                await self._parting.leave()
            if leaves:
                await self._leave_in_reply(wire, request)
            await wire.head()

    async def _leave_in_reply(self, wire: HttpWire, request: HttpRequest) -> None:
        if not self._habits.reply_is_short(self._parting.counts["reply"]):
            await wire.answer()
            if wire.status is not None:
                await wire.head()
            if wire.is_complete:
                # Too late to leave in the middle: ask once more, and leave before reading.
                again = HttpWire(await self._dial(request.location), request.location)
                self._take_up(again)
                await again.request(request, self._learn_reply())
        await self._parting.leave()

    async def _http_wire(self, location: Location) -> HttpWire:
        wire = self._wire
        if isinstance(wire, HttpWire) and wire.is_reusable:
            return wire
        wire = HttpWire(await self._dial(location), location)
        self._take_up(wire)
        return wire

    def _learn_reply(self) -> Callable[[float], None]:
        """Return what is to be told how long the present reply took."""
        return functools.partial(self._habits.learn_reply, self._parting.counts["reply"])

    def _take_up(self, wire: Wire) -> None:
        self._parting.wires.append(wire)
        self._wire = wire
        wire.start_reading()

    def _current(self, call: str) -> Wire:
        self._parting.stay()
        if self._wire is None:
            raise UsageError("visit.not-connected", call=call)
        return self._wire

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else timeout

    @asynccontextmanager
    async def _within(self, seconds: float, waited_for: str) -> AsyncIterator[None]:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                yield
        except TimeoutError as err:
            if not limit.expired():
                raise
            raise TargetError("visit.no-reply", waited_for=waited_for, seconds=seconds) from err
