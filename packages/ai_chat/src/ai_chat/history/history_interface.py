"""The contract of the chat history."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Sequence
from typing import Literal, Protocol

from ai_chat.problems import ChatProblem
from ai_chat.protocol.events import HistoryItem, MessageItem


class HistoryProblem(ChatProblem):
    """The history could not be read or written: locked, full, or no such history."""


def new_uid() -> str:
    """A uid that no history has."""
    return uuid.uuid4().hex


class History(Protocol):
    """The chat history of all characters. Nothing of it runs on the event loop.

    `character` is the character's uid (`conf_uid`), `history` a history's uid. A uid that does not exist, or that is
    another character's, raises `HistoryProblem("no-such-history")`; no uid is ever part of a path.
    """

    def begin(self, character: str) -> str:
        """Make a new history; its uid, at once. It is listed once it has a message. Raises `HistoryProblem`."""
        ...

    def append(
        self,
        character: str,
        history: str,
        *,
        role: Literal["human", "ai"],
        text: str,
        name: str = "",
        interrupted: bool = False,
        client_id: str = "",
        begins: bool = False,
    ) -> Awaitable[int]:
        """Hand a message to the writer, in order, at once; what is returned gives its number once it is committed.

        `client_id` is the client's own name of the message: the same text of that name is in a history once, and said
        again gives the same number; another text is refused with `id-taken`. With `begins` the history, whose uid is
        of `new_uid`, is made when it is not there.
        Nobody need await it: a message handed over is written whether or not its session lives.
        Raises `HistoryProblem("history-busy")` at once when the writer's bounded queue is full; awaiting raises
        `HistoryProblem` when the message could not be committed.
        """
        ...

    async def list(self, character: str, *, limit: int = 200) -> Sequence[HistoryItem]:
        """The character's histories that have messages, the latest first."""
        ...

    async def messages(self, character: str, history: str, *, limit: int = 200) -> Sequence[MessageItem]:
        """The last messages of a history, the oldest first."""
        ...

    async def search(self, character: str, query: str, *, limit: int = 50) -> Sequence[MessageItem]:
        """The messages that contain `query`, in any language, the latest first."""
        ...

    async def rename(self, character: str, history: str, title: str) -> None:
        """Give a history a title."""
        ...

    async def delete(self, character: str, history: str) -> None:
        """Delete a history with all its messages, found by no search any more."""
        ...

    async def page(
        self, character: str, history: str, *, after: int, limit: int = 500
    ) -> tuple[str, Sequence[MessageItem]]:
        """The title of a history, and its next messages after a number, the oldest first. The first number is 1."""
        ...

    async def ready(self) -> bool:
        """Whether the database answers."""
        ...

    async def close(self) -> None:
        """Write what was handed over, then end threads and connections. A second call does nothing."""
        ...
