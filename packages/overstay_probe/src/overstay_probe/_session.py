"""A session as code that serves a client sees it: a context manager around everything done for that client."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from overstay_probe import _canary, _install
from overstay_probe._ledger import current, ledger
from overstay_probe.holdings import objects


class session:  # noqa: N801 - a context manager is spelled like the function it is used as
    """Everything done inside the block, and everything that it starts, belongs to one client's session.

        with overstay_probe.session(path="/chat", client=writer.get_extra_info("peername")):
            await talk(reader, writer)

    The known servers' doors do this by themselves. Works with `with` in coroutines and in threads; the session that
    was current before is current again afterwards. Cannot tell two clients apart when one block serves both.
    """

    __slots__ = ("_before", "_door", "_kind", "_number", "_path", "_port")

    def __init__(self, *, path: str = "", client: Any = None, kind: str = "stream", door: str = "session()") -> None:
        self._door = door
        self._kind = kind
        self._path = path
        self._port = port_of(client)
        self._number = 0
        self._before = 0

    def __enter__(self) -> int:
        _install.announce_under_run()
        self._before = current.get()
        self._number = ledger.begin(self._door, self._kind, self._path, self._port)
        # Always set, never trusted: an inherited context can be that of an earlier request on the same connection.
        current.set(self._number)
        if not ledger.is_resting:
            begin_watched(self._number, self._port)
        return self._number

    def pause(self) -> None:
        """Leave the session without ending it; `resumed` enters it again, in whichever task."""
        current.set(self._before)

    @contextmanager
    def resumed(self) -> Iterator[int]:
        """Be in the paused session for the length of the block, and end it there."""
        ledger.runs_in_current_task(self._number)
        self._before = current.get()
        current.set(self._number)
        try:
            yield self._number
        finally:
            self.__exit__(None, None, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not Token.reset: a generator may be closed in another context than the one it was entered in.
        current.set(self._before)
        ledger.end(self._number)


def begin_watched(number: int, port: int) -> None:
    """Note the task that serves the current session, and plant canaries where the tool has marked its client."""
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - the public function raises where there is no loop
        objects.own(number, "task", asyncio.current_task())
    if port in _canary.marked:
        _canary.plant(port, number)


def port_of(client: Any) -> int:
    """Return the port of a (host, port, ...) address, 0 for anything else."""
    if isinstance(client, (tuple, list)) and len(client) >= 2 and isinstance(client[1], int):
        return client[1]
    return 0
