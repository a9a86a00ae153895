"""A plain TCP connection on which both sides talk in lines or in bytes of their own."""

import asyncio
import time

from overstay.visits.destination import Location
from overstay.visits.dialer import Dialed
from overstay.visits.wire import QUIET_S, Message, TalkingWire, readable


class TcpWire(TalkingWire):
    """A stream of lines.

    A piece without a line end counts as a message when nothing follows it for a moment, so that servers which speak no
    lines can be visited, too. It cannot tell such a piece from a line that is stuck half-way.
    """

    def __init__(self, dialed: Dialed, location: Location) -> None:
        super().__init__(dialed, location)
        self._tail = b""
        self.sessions = 1
        self.established_at = time.monotonic()

    @property
    def joiner(self) -> str:
        """Return what stands between lines."""
        return "\n"

    async def send(self, message: Message) -> None:
        """Send bytes as they are, or a text as a line."""
        await self.transmit(_line(message), may_repeat=True)

    async def send_half(self, message: Message) -> None:
        """Send the first half of a line."""
        line = _line(message)
        await self.transmit(line[: len(line) // 2])

    async def next_message(self) -> Message | None:
        """Return the next line, or what has come of one when nothing follows it; None after the server's end."""
        while not self.inbox and not self.is_over:
            try:
                async with asyncio.timeout(QUIET_S if self._tail else None):
                    await self.news()
            except TimeoutError:
                self._hand_out_tail()
        return await super().next_message()

    async def take(self, data: bytes) -> None:
        """Take in what the server sent, split after line ends."""
        self.note_answer()
        *lines, self._tail = (self._tail + data).split(b"\n")
        self.inbox.extend(readable(line.removesuffix(b"\r")) for line in lines)

    def finish(self, how: str) -> None:
        """Take in the server's end; what has come of a last line is a message."""
        self._hand_out_tail()
        super().finish(how)

    def _hand_out_tail(self) -> None:
        if self._tail:
            self.inbox.append(readable(self._tail))
            self._tail = b""


def _line(message: Message) -> bytes:
    if isinstance(message, bytes):
        return message
    return (message if message.endswith("\n") else f"{message}\n").encode()
