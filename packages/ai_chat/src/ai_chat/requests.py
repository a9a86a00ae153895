"""What a session answers from the history and the characters, beside its turns."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import accumulate, count
from typing import Final

from ai_chat.outbox import size_of_item
from ai_chat.problems import ChatProblem
from ai_chat.protocol import commands as c
from ai_chat.protocol import events as e
from ai_chat.service_context import ServiceContext

Short = (
    c.ListHistories
    | c.SearchHistories
    | c.RenameHistory
    | c.DeleteHistory
    | c.ListCharacters
    | c.ListBackgrounds
    | c.GroupRequest
)
Request = Short | c.ExportHistory
PAGE: Final = 500  # messages that are read at once
SHARE: Final = 8  # a list may fill this part of an outbox


async def answers(request: Request, context: ServiceContext) -> AsyncGenerator[e.Event, None]:
    """The answer to a request; an export comes in parts, each read when it is asked for. Raises `ChatProblem`."""
    if isinstance(request, c.ExportHistory):
        async with aclosing(_export(request, context)) as parts:
            async for part in parts:
                yield part
    else:
        yield await _answer(request, context)


async def _answer(request: Short, context: ServiceContext) -> e.Event:
    history, character = context.engines.history, context.character.conf_uid
    match request:
        case c.ListHistories():
            return e.Histories(tuple(await history.list(character)), id=request.id)
        case c.SearchHistories():
            found = await history.search(character, request.query)
            return e.Found(taken_at_once(found, context), id=request.id)
        case c.RenameHistory():
            await history.rename(character, request.history, request.title)
            return e.HistoryRenamed(request.history, request.title, success=True, id=request.id)
        case c.DeleteHistory():
            await history.delete(character, request.history)
            return e.HistoryDeleted(request.history, success=True, id=request.id)
        case c.ListCharacters():
            settings = context.engines.settings
            listed = [(one.file, one.character_name) for one in (settings.character, *settings.characters)]
            return e.Characters(tuple(listed), id=request.id)
        case c.ListBackgrounds():
            return e.Backgrounds(id=request.id)
        case c.GroupRequest():
            if request.change:
                raise ChatProblem("no-groups")
            return e.Group(id=request.id)


async def _export(request: c.ExportHistory, context: ServiceContext) -> AsyncGenerator[e.HistoryExported, None]:
    history, character = context.engines.history, context.character.conf_uid
    after = 0
    for part in count():
        title, page = await history.page(character, request.history, after=after, limit=PAGE)
        messages = taken_at_once(page, context)
        more = len(messages) < len(page) or len(page) == PAGE
        yield e.HistoryExported(request.history, title, messages, part=part, more=more, id=request.id)
        if not more:
            return
        after = messages[-1].number


def taken_at_once(messages: Sequence[e.MessageItem], context: ServiceContext) -> tuple[e.MessageItem, ...]:
    """The first messages, as many as fill a part of a client's outbox, and one at least."""
    most = context.engines.settings.limits.outbox_bytes // SHARE
    fitting = sum(size <= most for size in accumulate(map(size_of_item, messages)))
    return tuple(messages[: max(1, fitting)])
