"""Readers with connections of their own.

A read belongs to the history, not to who asks: a driver's thread that is cancelled half-way keeps its connection, so
cancelling who asked lets the read end, within its seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ai_chat.history.database import FAILURES, READ_SECONDS, problem_of
from ai_chat.history.history_interface import HistoryProblem

T = TypeVar("T")

AT_ONCE = 2_000  # reads that run or wait for a connection; more are refused


class Readers:
    """Runs reads in the tasks of a group."""

    def __init__(self, engine: AsyncEngine, scope: asyncio.TaskGroup) -> None:
        self._engine = engine
        self._scope = scope
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def read(self, read: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `read` gives. Raises `HistoryProblem`, after 15 seconds at the latest."""
        if self._closed:
            raise HistoryProblem("history-closed")
        if len(self._tasks) >= AT_ONCE:
            raise HistoryProblem("history-busy")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = self._scope.create_task(self._answer(read, answer), name="history-read")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await answer

    async def close(self) -> None:
        """Take no more reads, and wait for those that run."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _answer(self, read: Callable[[AsyncConnection], Awaitable[Any]], answer: asyncio.Future[Any]) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS), self._engine.connect() as connection:
                value = await read(connection)
        except HistoryProblem as problem:
            _refuse(answer, problem)
        except FAILURES as failure:
            _refuse(answer, problem_of(failure))
        else:
            if not answer.done():  # who asked may be gone
                answer.set_result(value)


def _refuse(answer: asyncio.Future[Any], problem: HistoryProblem) -> None:
    if not answer.done():
        answer.set_exception(problem)
