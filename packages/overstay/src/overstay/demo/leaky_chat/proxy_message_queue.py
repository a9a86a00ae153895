"""Proxy mode: what a client says is forwarded to the pages that watch, once it has been answered."""

import asyncio
from collections import deque

_AGAIN = 0.25


class ProxyMessageQueue:
    """Forwards messages in the background, so that their senders need not wait."""

    def __init__(self) -> None:
        self.forwarded: deque[tuple[str, str]] = deque(maxlen=100)

    def queue_message(self, message: str, sender_id: str) -> asyncio.Event:
        """Take a message; it is forwarded when the event that this returns is set: the sender has had its reply."""
        answered = asyncio.Event()
        asyncio.create_task(self._forward_message(message, sender_id, answered))  # planted: forwarder  # noqa: RUF006 - the plant
        return answered

    async def _forward_message(self, message: str, sender_id: str, answered: asyncio.Event) -> None:
        while not answered.is_set():  # noqa: ASYNC110 - part of the plant: a loop that nobody ends
            await asyncio.sleep(_AGAIN)
        self.forwarded.append((sender_id, message))
