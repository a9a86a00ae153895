"""What the members of a room have said and nobody has answered yet: bounded, and fair to each."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Final

from ai_chat.protocol.commands import Say

OF_ONE: Final = 8  # messages of one member


class ProxyMessageQueue:
    """A bounded queue with one consumer, which takes one message of each member in turn.

    A member's messages keep their order. A member that leaves takes its messages along.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_member: OrderedDict[str, deque[Say]] = OrderedDict()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._by_member.values()))

    def put(self, member: str, message: Say) -> bool:
        """Queue a message; false when there is no room for it."""
        if len(self) >= self._most or len(self._by_member.get(member, ())) >= OF_ONE:
            return False
        self._by_member.setdefault(member, deque()).append(message)
        self._arrived.set()
        return True

    async def take(self) -> tuple[str, Say]:
        """The next message and who said it. Waits for one."""
        while not self._by_member:
            self._arrived.clear()
            await self._arrived.wait()
        member, messages = self._by_member.popitem(last=False)
        message = messages.popleft()
        if messages:
            self._by_member[member] = messages  # behind the others
        return member, message

    def forget(self, member: str) -> None:
        """Drop what a member has said."""
        self._by_member.pop(member, None)
