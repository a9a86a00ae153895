"""Proxy mode: what a client says is forwarded to the pages that watch, once it has been answered."""

import asyncio
from collections import deque


class ProxyMessageQueue:
    """Forwards messages in the background, so that their senders need not wait."""

    def __init__(self) -> None:
        self.forwarded: deque[tuple[str, str]] = deque(maxlen=100)
        self._acknowledged: dict[str, asyncio.Future[None]] = {}

    def queue_message(self, message: str, sender_id: str) -> None:
        """Take a message; it is forwarded when `acknowledge` is called."""
        self._acknowledged[sender_id] = asyncio.get_running_loop().create_future()
        asyncio.create_task(self._forward_message(message, sender_id))  # planted: forwarder  # noqa: RUF006 - the plant

    def acknowledge(self, sender_id: str) -> None:
        """Say that the sender has had its reply."""
        self._acknowledged.pop(sender_id).set_result(None)

    async def _forward_message(self, message: str, sender_id: str) -> None:
        await self._acknowledged[sender_id]
        self.forwarded.append((sender_id, message))
