"""A server's process with everything it started.

A command is often a wrapper (a shell, npx, uv), so that ending the process alone leaves the server behind. The process
leads a session of its own; what is in its group, and what psutil finds below it, belongs to the tree. What leaves the
group is found as long as the chain of its parents is alive when the tree ends. The SDK's own transport ends a tree only
when its first process outlives its standard input, which a wrapper that crashes does not; therefore this module.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Iterable, Sequence

import psutil

GRACE = 0.5  # seconds to end after the standard input closed
ORPHANS_GRACE = 0.1  # and for the rest, once the first process has ended
TERMINATION = 1.0  # seconds to end after SIGTERM
REAPING = 1.0  # seconds until the loop has seen a kill
LOOK = 0.02
READ_AHEAD = 64 * 1024


class _Pipes(SubprocessStreamProtocol):
    """The pipes of a process, and an event for its exit.

    `Process.wait()` waits for the pipes as well, which a descendant may hold open.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=READ_AHEAD, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


class ProcessTree:
    """A running process and its descendants, which `end()` ends."""

    def __init__(self, process: Process, transport: asyncio.SubprocessTransport, exited: asyncio.Event) -> None:
        self._process = process
        self._transport = transport
        self.exited = exited  # of the first process
        self._below: set[psutil.Process] = set()
        self._is_gone = False  # then its number may be another process's

    @property
    def pid(self) -> int:
        """The first process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status of the first process; None while it runs."""
        return self._process.returncode

    @property
    def stdin(self) -> asyncio.StreamWriter:
        """Its standard input."""
        assert self._process.stdin
        return self._process.stdin

    @property
    def stdout(self) -> asyncio.StreamReader:
        """Its standard output."""
        assert self._process.stdout
        return self._process.stdout

    @property
    def stderr(self) -> asyncio.StreamReader:
        """Its standard error."""
        assert self._process.stderr
        return self._process.stderr

    async def end(self) -> None:
        """Close its input, then terminate, then kill what is left; within about two and a half seconds.

        Cancelled meanwhile it kills at once and is cancelled.
        """
        try:
            self._look_below()
            self.stdin.close()
            if not await self._is_gone_within(GRACE, ORPHANS_GRACE):
                self._signal(signal.SIGTERM)
                if not await self._is_gone_within(TERMINATION):
                    self._kill()
                    await self._is_gone_within(REAPING)
        finally:
            self._kill()
            self._transport.close()

    async def _is_gone_within(self, seconds: float, orphans_seconds: float | None = None) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.status is None or self._members():
            if orphans_seconds is not None and self.status is not None:
                deadline, orphans_seconds = min(deadline, loop.time() + orphans_seconds), None
            if loop.time() >= deadline:
                return False
            self._look_below()
            await asyncio.sleep(LOOK)
        self._is_gone = True
        return True

    def _look_below(self) -> None:
        """Note the descendants, while the chain of parents still tells them."""
        if self.status is None:
            with contextlib.suppress(psutil.Error):
                self._below.update(psutil.Process(self.pid).children(recursive=True))
        for parent in tuple(self._below):
            with contextlib.suppress(psutil.Error):
                self._below.update(parent.children(recursive=True))

    def _members(self) -> list[psutil.Process]:
        """What runs of the tree besides the first process. Zombies are their parent's business."""
        grouped = _group(self.pid) if sys.platform != "win32" else []
        return [one for one in {*self._below, *grouped} if one.pid != self.pid and _runs(one)]

    def _signal(self, number: signal.Signals) -> None:
        if self._is_gone:
            return
        self._look_below()
        members = self._members()
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
        for one in members:
            with contextlib.suppress(psutil.Error):
                one.send_signal(number)

    def _kill(self) -> None:
        self._signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)


def _group(leader: int) -> Iterable[psutil.Process]:
    """The processes of a group. The process table is read only when the group has members."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass  # members that are not ours to signal, or zombies: the table tells
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(one.pid) == leader:
                yield one


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


async def start_tree(command: Sequence[str], env: dict[str, str]) -> ProcessTree:
    """Start a command as the leader of a new session, with pipes.

    Cancelled meanwhile, it ends what it started. Raises `OSError` when there is no such command.
    """
    async with asyncio.TaskGroup() as starting:
        task = starting.create_task(_spawn(command, env))
        try:
            # asyncio kills only the first process when a start is cancelled, so the start is waited for.
            started = await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if isinstance(tree := task.result(), ProcessTree):
                await tree.end()
            raise
    if isinstance(started, OSError):
        raise started
    return started


async def _spawn(command: Sequence[str], env: dict[str, str]) -> ProcessTree | OSError:
    loop = asyncio.get_running_loop()
    try:
        transport, pipes = await loop.subprocess_exec(
            lambda: _Pipes(loop), *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, start_new_session=True
        )
    except OSError as error:
        return error
    return ProcessTree(Process(transport, pipes, loop), transport, pipes.exited)
