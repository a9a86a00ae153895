"""What a session answers from the history and the characters, beside its turns."""

from __future__ import annotations

from ai_chat.problems import ChatProblem
from ai_chat.protocol import commands as c
from ai_chat.protocol import events as e
from ai_chat.service_context import ServiceContext

Request = (
    c.ListHistories
    | c.SearchHistories
    | c.RenameHistory
    | c.DeleteHistory
    | c.ExportHistory
    | c.ListCharacters
    | c.ListBackgrounds
    | c.GroupRequest
)


async def answer(request: Request, context: ServiceContext) -> e.Event:
    """The answer to a request. Raises `ChatProblem`."""
    history, character = context.engines.history, context.character.conf_uid
    match request:
        case c.ListHistories():
            return e.Histories(tuple(await history.list(character)), id=request.id)
        case c.SearchHistories():
            return e.Found(tuple(await history.search(character, request.query)), id=request.id)
        case c.RenameHistory():
            await history.rename(character, request.history, request.title)
            return e.HistoryRenamed(request.history, request.title, success=True, id=request.id)
        case c.DeleteHistory():
            await history.delete(character, request.history)
            return e.HistoryDeleted(request.history, success=True, id=request.id)
        case c.ExportHistory():
            title, messages = await history.export(character, request.history)
            return e.HistoryExported(request.history, title, tuple(messages), id=request.id)
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
