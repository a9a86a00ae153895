"""The contract of a wire format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ai_chat.protocol.commands import Command
from ai_chat.protocol.events import Event


class Codec(Protocol):
    """A wire format. It holds nothing: one is made for the whole server."""

    def decode(self, frame: str | bytes) -> Command:
        """What a frame asks for. Raises `ChatProblem`, which is answered; the session goes on."""
        ...

    def encode(self, event: Event, seq: int) -> Sequence[str | bytes]:
        """The frames that tell `event`: none, one or several. `seq` is its number, 0 when it is not kept."""
        ...
