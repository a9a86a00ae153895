"""A WebSocket connection."""

import time

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError, RemoteProtocolError

from overstay.errors import TargetError
from overstay.visits.destination import Destination, Location
from overstay.visits.dialer import Dialed
from overstay.visits.wire import Message, TalkingWire

_FILLER = "overstay " * 8


class WebSocketWire(TalkingWire):
    """A WebSocket without extensions: large messages are put together, pings are answered."""

    def __init__(self, dialed: Dialed, location: Location) -> None:
        super().__init__(dialed, location)
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._pieces: list[Message] = []
        self._is_accepted = False
        self._refusal: int | None = None

    def request(self, destination: Destination, headers: dict[str, str]) -> bytes:
        """Return the handshake's request."""
        extra = destination.request_headers(headers)
        hosts = [value for name, value in extra if name.lower() == b"host"]
        return self._ws.send(
            Request(
                host=hosts[0].decode() if hosts else self._location.authority,
                target=self._location.target,
                subprotocols=list(destination.subprotocols),
                extra_headers=[(name, value) for name, value in extra if name.lower() != b"host"],
            )
        )

    async def shake_hands(self, request: bytes) -> None:
        """Open the WebSocket; raises TargetError when it is refused or no WebSocket server answers."""
        await self.push(request)
        await self.wait_until(lambda: self._is_accepted or self._refusal is not None or self.is_over)
        if self._refusal is not None:
            self.sessions = 1
            raise TargetError("visit.refused", status=self._refusal, url=str(self._location))
        if not self._is_accepted:
            raise self._no_handshake(self.ended or "")
        self.sessions = 1
        self.established_at = self.established_at or time.monotonic()

    async def send(self, message: Message) -> None:
        """Send one message in one frame."""
        await self.transmit(self._frame(message), may_repeat=True)

    async def send_half(self, message: Message) -> None:
        """Send a frame's header, which announces the whole message, and the first half of the message."""
        frame = self._frame(message or _FILLER)
        payload = len(message.encode() if isinstance(message, str) else message) or len(_FILLER)
        await self.transmit(frame[: len(frame) - payload + payload // 2])

    def _frame(self, message: Message) -> bytes:
        if self._ws.state is not ConnectionState.OPEN:
            raise self.end_while("send")
        return self._ws.send(TextMessage(message) if isinstance(message, str) else BytesMessage(message))

    async def close(self) -> None:
        """Send Close 1000, wait for the server's, then FIN."""
        if self._say_close(1000):
            await self.wait_for_end()
        await super().close()

    async def go_away(self) -> None:
        """Send Close 1001 and FIN at once."""
        self._say_close(1001)
        await super().go_away()

    def _say_close(self, code: int) -> bool:
        if self.ended is not None or self._ws.state is not ConnectionState.OPEN:
            return False
        # Without waiting: a server that takes nothing any more must not keep a client that leaves.
        return self._channel.send_now(self._ws.send(CloseConnection(code)))

    async def take(self, data: bytes) -> None:
        """Take in what the server sent; raises TargetError when it is no WebSocket."""
        if self.ended is not None:
            return
        try:
            self._ws.receive_data(data)
            for event in self._ws.events():
                await self._meet(event)
        except RemoteProtocolError as err:
            raise self._no_handshake(str(err)) from err

    async def _meet(self, event: Event) -> None:
        match event:
            case AcceptConnection():
                self._is_accepted = True
                self.established_at = time.monotonic()
            case RejectConnection():
                self._refusal = event.status_code
            case TextMessage() | BytesMessage():
                self._gather(event)
            case Ping():
                await self._reply(event)
            case CloseConnection():
                await self._meet_close(event)

    def _gather(self, event: TextMessage | BytesMessage) -> None:
        self.note_answer()
        self._pieces.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
        if event.message_finished:
            pieces, self._pieces = self._pieces, []
            self.inbox.append(_joined(pieces))

    async def _meet_close(self, event: CloseConnection) -> None:
        # wsproto reports broken frames as a close of its own making, in an unchanged state.
        if self._ws.state is ConnectionState.OPEN:
            raise TargetError("visit.garbled", url=str(self._location), error=event.reason or "")
        if self._ws.state is ConnectionState.REMOTE_CLOSING:
            await self._reply(event)
        self.finish(f"Close {int(event.code)}")

    async def _reply(self, event: Ping | CloseConnection) -> None:
        # After our own Close there is nothing more to say, not even a pong.
        try:
            answer = self._ws.send(event.response())
        except ProtocolError:
            return
        await self._channel.send(answer)

    def _no_handshake(self, why: str) -> TargetError:
        return TargetError("visit.no-handshake", url=str(self._location), error=why)


def _joined(pieces: list[Message]) -> Message:
    texts = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(texts) if texts else b"".join(piece for piece in pieces if isinstance(piece, bytes))
