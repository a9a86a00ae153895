"""A language model in this process: loaded once, asked by all sessions, in a few threads and never on the loop.

The engine is llama.cpp's, through xllamacpp. It is native code with a life of its own, which decides three things here:
it is asked once before it counts as loaded, because ending an engine that has answered nothing can hang for ever; it
opens a port of its own on this machine, which is locked with a key that nobody is told; and it looks at its caller
only between two tokens, so a request that is not wanted any more ends after the prompt was read, at the latest.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

from ai_chat.agent.stateless_llm.embedded_weights import ENGINE
from ai_chat.problems import ChatProblem

AT_ONCE = 2  # answers; more wait, as long as their timeout says
CONTEXT = 2_048  # tokens of one answer, its prompt included
LONGEST = 256  # tokens of an answer
END: Final = object()

logger = logging.getLogger(__name__)


class Server(Protocol):
    """What is used of xllamacpp's server. The callback gets each piece, and ends the answer by returning True."""

    def handle_chat_completions(self, request: dict[str, Any], callback: Callable[[dict[str, Any]], bool], /) -> object:
        """Answer, piece by piece, and return at the end."""
        ...


class EngineError(Exception):
    """What the engine told in place of an answer."""

    def __init__(self, kind: str, told: str) -> None:
        super().__init__(told)
        self.kind = kind


def load_server(weights: Path) -> Server:
    """Load the model: 3 s and 200 MB. Raises RuntimeError when the file is none."""
    xllamacpp = import_module(ENGINE)
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx, params.n_parallel = CONTEXT * AT_ONCE, AT_ONCE
    # One thread an answer: several wait for each other at every layer, ten times as long on a machine that is busy.
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads, threads.poll = 1, 0
    params.n_threads_http = 1
    params.api_keys = [secrets.token_hex(32)]
    params.ui = params.warmup = False
    params.cache_ram_mib = 0  # no conversation is kept but the last prompt of each place
    params.verbosity = -1
    server: Server = xllamacpp.Server(params)
    server.handle_chat_completions(
        {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, "stream": True}, lambda _piece: False
    )
    return server


class EmbeddedEngine:
    """The model and its threads. Loading begins at once, in a thread; requests wait for it."""

    def __init__(self, weights: Path, *, load: Callable[[Path], Server] = load_server) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="embedded-llm")
        self._loaded: Future[Server] = self._pool.submit(load, weights)
        self._loaded.add_done_callback(_log_failure)
        self._lock = Lock()
        self._running = 0
        self._is_closed = False

    @property
    def running(self) -> int:
        """Answers whose thread still works, those included that nobody waits for any more."""
        return self._running

    async def stream(self, request: dict[str, Any], *, first: float, between: float) -> AsyncGenerator[str, None]:
        """The pieces of the answer. Closing the generator returns at once; the thread ends at its next token.

        Raises TimeoutError when no piece comes within the seconds given, `EngineError`, or `ChatProblem`.
        """
        answer = _Answer()
        work = self._pool.submit(self._run, request, answer)
        work.add_done_callback(answer.end)
        seconds = first
        try:
            while (piece := await answer.next(seconds)) is not END:
                if isinstance(piece, Exception):
                    raise piece
                seconds = between
                yield str(piece)
        finally:
            answer.is_dropped = True
            work.cancel()  # while it waits for a thread

    def _run(self, request: dict[str, Any], answer: _Answer) -> None:
        with self._lock:
            self._running += 1
        try:
            self._loaded.exception()  # waits
            if not answer.is_dropped and not self._is_closed:
                self._ask(request, answer)
        finally:
            with self._lock:
                self._running -= 1

    def _ask(self, request: dict[str, Any], answer: _Answer) -> None:
        if self._loaded.exception() is not None:
            raise ChatProblem("embedded-not-loaded")
        try:  # no name here refers to the engine: a traceback would keep it
            self._loaded.result().handle_chat_completions(request, lambda piece: self._is_closed or answer.take(piece))
        except Exception as err:  # native code raises what it likes
            raise EngineError("failed", str(err)) from err

    async def close(self) -> None:
        """End the answers, the threads and the engine. A second call does nothing."""
        if not self._is_closed:
            self._is_closed = True
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._loaded = Future()  # the engine ends here, with the last reference to it, and not on the loop


class _Answer:
    """The way of an answer from the engine's thread to the loop. It is as long as `LONGEST` at most."""

    def __init__(self) -> None:
        self.is_dropped = False
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[object] = asyncio.Queue(2 * LONGEST)

    def take(self, piece: dict[str, Any]) -> bool:
        """Hand a piece on; True when no more are wanted. Called in the thread."""
        if self.is_dropped:
            return True
        if "error" in piece:
            self._put(EngineError(str(piece["error"].get("type")), str(piece["error"].get("message"))))
            return True
        for choice in piece.get("choices", ())[:1]:
            if text := choice.get("delta", {}).get("content"):
                self._put(text)
        return False

    def end(self, work: Future[None]) -> None:
        """Tell that no more comes, or why nothing came. Called in the thread, or by who cancels the work."""
        if not work.cancelled():
            self._put(work.exception() or END)

    def _put(self, piece: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._store, piece)

    def _store(self, piece: object) -> None:
        if not self.is_dropped and not self._pieces.full():
            self._pieces.put_nowait(piece)

    async def next(self, seconds: float) -> object:
        """The next piece, a problem, or `END`."""
        async with asyncio.timeout(seconds):
            return await self._pieces.get()


def _log_failure(loaded: Future[Server]) -> None:
    if not loaded.cancelled() and (err := loaded.exception()) is not None:
        logger.error("the embedded language model could not be loaded: %s", err)
