"""`overstay run`: any server under the ledger, watched until it ends or Ctrl-C, then the report."""

import asyncio
import contextlib
import math
import signal
import time

from rich.console import Console

from overstay.attention import Attention
from overstay.commands.doctor import started, why_outside
from overstay.diagnosis import Circumstances, diagnose
from overstay.errors import TargetError
from overstay.evidence import Evidence
from overstay.findings import Report
from overstay.judge import containers
from overstay.judge.overstays import OBJECT, overstays
from overstay.judge.sessions import Key
from overstay.memory import Window, held_of, merged
from overstay.messages import Speaker
from overstay.observation import Look, Observer
from overstay.options import RunOptions
from overstay.report import document, terminal
from overstay.server import Server

_AS_ASKED = frozenset({0, -signal.SIGINT, -signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGTERM})
"""The statuses of a server that ended well, or of a signal that somebody sent it, which a shell adds to 128."""
_POLL = 0.2
"""Seconds between two checks whether the server lives."""
_LEAST_PAUSE, _PAUSE_AT_REST = 1.0, 2.0
_PAUSE_PER_LOOK = 100.0
"""Between two looks: at least so many seconds, and that looking takes no more than a hundredth of the time."""
_FIGURES_EVERY = 10.0
"""Seconds between two questions for what only the report needs: a server that ends by itself has told it before."""
_MAX_PAUSE_MS = 100.0
_FIRST_CHECKPOINT = 10
_COPY_EVERY = 60.0
"""Seconds between two looks at the memory: each stops the server while the process is copied."""


def run(options: RunOptions, say: Speaker, console: Console) -> int:
    """Run the command under the ledger; show the report at its end, and return the exit status."""
    console.print(say("run.watching"), markup=False)
    with started(options.command, options.project, shows_output=True) as server:
        report = asyncio.run(_Watch(options, server, say).report())
        status = server.status()
    terminal.render(report, say, console)
    if options.json is not None:
        document.write(report, options.json)
    if status is not None and status not in _AS_ASKED:
        raise TargetError("target.exited-by-itself", status=status)
    return report.exit_status


class Pace:
    """When to do what is dear: when it has been asked for, and not again before some seconds have passed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_wanted = False
        self._next = -math.inf

    def ask(self) -> None:
        """Ask for it; asked for many times it is done once."""
        self._is_wanted = True

    def is_due(self, now: float) -> bool:
        """Tell whether to do it now, and count it as done."""
        if not self._is_wanted or now < self._next:
            return False
        self._is_wanted, self._next = False, now + self._seconds
        return True


class _Watch:
    """A server's sessions, watched without visiting it; nothing is collected and nobody is marked."""

    def __init__(self, options: RunOptions, server: Server, say: Speaker) -> None:
        self._options = options
        self._server = server
        self._say = say
        self._began = time.monotonic()
        self._observer = Observer(server.run.addresses)
        self._evidence = Evidence(counts_everybody=True, is_finished=True)
        self._next_checkpoint = self._next_window = _FIRST_CHECKPOINT
        self._memory = Pace(_COPY_EVERY)
        self._figures = Pace(_FIGURES_EVERY)
        self._figures.ask()
        self._is_watched_closely = True
        self._lag: list[dict[str, object]] = []
        self._costs: list[dict[str, float]] = []
        self._attention = Attention()
        self._looked = self._began
        self._left: set[tuple[str, Key]] = set()
        self._spent = 0.0

    async def report(self) -> Report:
        """Watch until the server ends or Ctrl-C, and return what its sessions left."""
        next_look = 0.0
        try:
            while self._server.status() is None:
                if time.monotonic() >= next_look:
                    await self._look()
                    least = _LEAST_PAUSE if self._is_watched_closely else _PAUSE_AT_REST
                    next_look = time.monotonic() + max(least, _PAUSE_PER_LOOK * self._spent)
                await asyncio.sleep(_POLL)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look(is_last=True)
                await self._trace()
        self._observer.close()
        return diagnose(self._evidence, self._circumstances(), self._say)

    async def _look(self, *, is_last: bool = False) -> None:
        has_newcomers = await self._observer.discover()
        if not self._observer.is_inside:
            return
        began = time.monotonic()
        look = await self._observer.look()
        self._spent = time.monotonic() - began
        if is_last or self._figures.is_due(began):
            await self._ask_figures()
        if not self._observer.is_inside:
            return
        self._note(look)
        before, self._is_watched_closely = self._is_watched_closely, self._is_wanted(look)
        if has_newcomers or before != self._is_watched_closely:
            await self._observer.attend(closely=self._is_watched_closely)
        sessions = self._evidence.total
        if sessions >= self._next_window:
            self._next_window = 2 * sessions
            self._memory.ask()
        if self._memory.is_due(time.monotonic()):
            await self._measure_memory()

    async def _ask_figures(self) -> None:
        self._figures.ask()
        lag, costs = await self._observer.ask("lag"), await self._observer.ask("self")
        if self._observer.is_inside:  # else it ended under our eyes, and what it told before is the last
            self._lag, self._costs = list(lag.values()), list(costs.values())

    async def _measure_memory(self) -> None:
        lengths = await self._observer.lengths(_MAX_PAUSE_MS)
        self._evidence.windows.append(Window(self._evidence.total, 0, lengths.of, lengths.referred))
        self._evidence.unseen = self._evidence.unseen or lengths.why

    async def _trace(self) -> None:
        """Ask what holds what has grown; before it, for the last time, by how much."""
        if self._evidence.windows and self._evidence.total > self._evidence.windows[-1].sessions:
            await self._measure_memory()
        grown = containers.growing(self._evidence.windows)
        told, _ = await self._observer.trace(grown, _MAX_PAUSE_MS)
        held = [each for pid, answer in told.items() for each in held_of(pid, answer)]
        self._evidence.memory = merged([each for each in held if each.sessions or each.containers])

    def _is_wanted(self, look: Look) -> bool:
        """Tell whether to watch closely now, by what has been left for the length of a look: the rest is settling."""
        before, self._looked = self._looked, time.monotonic()
        sessions = self._evidence.watched.values()
        ended = [each.key for each in sessions if each.ended is not None and each.ended < before]
        left = {(each.kind, each.session) for each in look.holdings if each.kind != OBJECT}
        lasting, self._left = left & self._left, left
        return self._attention.after(ended, {session for _, session in lasting}) or self._options.closely

    def _note(self, look: Look) -> None:
        """Take note of what the watched sessions left, for good when they have doubled since the last checkpoint."""
        evidence = self._evidence
        evidence.sessions, evidence.unrecorded = dict(self._observer.sessions), self._observer.unrecorded
        settled = {
            key: session
            for key, session in evidence.sessions.items()
            if session.is_watched
            and session.ended is not None
            and session.ended < time.monotonic() - self._options.settle
        }
        found = overstays(look, settled, ())
        evidence.tally.look(found, evidence.order)
        oldest = min((settled[overstay.session].ended or 0.0 for overstay in found), default=time.monotonic())
        evidence.has_second_look = oldest < time.monotonic() - self._options.second_look
        if len(settled) >= self._next_checkpoint:
            evidence.tally.checkpoint()
            self._next_checkpoint = 2 * len(settled)

    def _notes(self) -> tuple[str, ...]:
        if not self._observer.hellos:
            return (why_outside(self._server, self._say),)
        watched, sessions = len(self._evidence.watched), self._evidence.total
        return () if watched == sessions else (self._say("run.sampled", watched=watched, sessions=sessions),)

    def _circumstances(self) -> Circumstances:
        hellos = list(self._observer.hellos.values())
        return Circumstances(
            project=self._options.project,
            command=self._options.command,
            url=None,
            python=hellos[0]["python"] if hellos else None,
            servers=tuple(sorted({name for hello in hellos for name in hello["servers"]})),
            is_inside=bool(hellos),
            duration=time.monotonic() - self._began,
            settle=self._options.settle,
            lag=self._lag,
            self_costs=self._costs,
            notes=self._notes(),
            disarmed=self._observer.disarmed,
        )
