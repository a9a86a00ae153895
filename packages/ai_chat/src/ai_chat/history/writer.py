"""The one task that writes.

Whoever writes hands over a request and gets a future. The task takes what waits, up to a batch, and writes the messages
of a batch in one transaction: the more there is to do, the less each costs. A future is resolved after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ai_chat.history.appending import NewMessage, append_all, said_before
from ai_chat.history.database import FAILURES, problem_of
from ai_chat.history.history_interface import HistoryProblem

T = TypeVar("T")
Job = Callable[[AsyncConnection], Awaitable[T]]


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    work: NewMessage | Job[Any]
    done: asyncio.Future[Any]


class Writer:
    """A bounded queue of requests, written in order.

    A request that failed is told through its future and not tried again; those after it are tried.
    """

    def __init__(self, engine: AsyncEngine, *, queue: int, batch: int) -> None:
        self._engine = engine
        self._batch = batch
        self._requests: asyncio.Queue[_Request] = asyncio.Queue(queue)
        self._taken: list[_Request] = []
        self._closed = False

    def append(self, message: NewMessage) -> asyncio.Future[int]:
        """Hand over a message. Raises `history-busy` when too many wait, `history-closed` after the end."""
        return self._hand_over(message)

    def hand_over(self, job: Job[T]) -> None:
        """Have `job` run in a transaction of its own, after all that was handed over before; nobody waits for it."""
        self._hand_over(job)

    async def do(self, job: Job[T]) -> T:
        """Run `job` in a transaction of its own, after all that was handed over before.

        Cancelling who waits for it does not stop it.
        """
        future: asyncio.Future[T] = self._hand_over(job)
        return await asyncio.shield(future)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._take()
            await self._write_taken()
            for _ in self._taken:
                self._requests.task_done()
            self._taken = []

    async def drain(self, seconds: float) -> None:
        """Take no more, and wait until all is written, or `seconds` have passed."""
        self._closed = True
        try:
            async with asyncio.timeout(seconds):
                await self._requests.join()
        except TimeoutError:
            return  # `refuse_rest` tells those who wait

    def refuse_rest(self) -> None:
        """Tell all who still wait that their request is not known to be committed. Call it when `run` has ended."""
        self._closed = True
        while not self._requests.empty():
            self._taken.append(self._requests.get_nowait())
        _refuse(self._taken, HistoryProblem("history-closed"))

    def _hand_over(self, work: NewMessage | Job[Any]) -> asyncio.Future[Any]:
        if self._closed:
            raise HistoryProblem("history-closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_look_at)
        try:
            self._requests.put_nowait(_Request(work, future))
        except asyncio.QueueFull:
            raise HistoryProblem("history-busy") from None
        return future

    async def _take(self) -> None:
        self._taken = [await self._requests.get()]
        while len(self._taken) < self._batch and not self._requests.empty():
            self._taken.append(self._requests.get_nowait())

    async def _write_taken(self) -> None:
        """Write runs of messages together, other jobs one by one, all in order."""
        messages: list[_Request] = []
        for request in self._taken:
            if isinstance(request.work, NewMessage):
                messages.append(request)
                continue
            await self._write_messages(messages)
            messages = []
            await self._write_job(request, request.work)
        await self._write_messages(messages)

    async def _write_job(self, request: _Request, job: Job[Any]) -> None:
        try:
            async with self._engine.begin() as connection:
                value = await job(connection)
        except HistoryProblem as problem:
            _refuse([request], problem)
        except FAILURES as failure:
            _refuse([request], problem_of(failure))
        else:
            _resolve(request, value)

    async def _write_messages(self, requests: list[_Request]) -> None:
        if not requests:
            return
        try:
            async with self._engine.begin() as connection:
                numbers = await append_all(connection, [one.work for one in requests])  # type: ignore[misc]  # messages
        except (DataError, IntegrityError) as failure:
            await self._write_singly(requests, failure)
        except FAILURES as failure:
            _refuse(requests, problem_of(failure))
        else:
            for request, number in zip(requests, numbers, strict=True):
                _answer(request, number)

    async def _write_singly(self, requests: list[_Request], failure: Exception) -> None:
        """A row of a batch was refused: find it, and write the others. It may be one that was said before."""
        if len(requests) > 1:
            for request in requests:
                await self._write_messages([request])
            return
        try:
            async with self._engine.begin() as connection:
                number = await said_before(connection, requests[0].work)  # type: ignore[arg-type]  # a message
        except HistoryProblem as problem:
            _refuse(requests, problem)
        except FAILURES as other:
            _refuse(requests, problem_of(other))
        else:
            if number is None:
                _refuse(requests, problem_of(failure))
            else:
                _resolve(requests[0], number)


def _answer(request: _Request, number: int | None) -> None:
    if number is None:
        _refuse([request], HistoryProblem("no-such-history"))
    else:
        _resolve(request, number)


def _resolve(request: _Request, value: object) -> None:
    if not request.done.done():  # who awaited it may have cancelled it
        request.done.set_result(value)


def _refuse(requests: list[_Request], problem: HistoryProblem) -> None:
    for request in requests:
        if not request.done.done():
            request.done.set_exception(HistoryProblem(problem.code, **problem.values))


def _look_at(future: asyncio.Future[Any]) -> None:
    """Nobody need await a request, and its failure is then no error of the loop."""
    if not future.cancelled():
        future.exception()
