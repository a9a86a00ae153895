"""`overstay run`: any server under the ledger, watched until it ends or Ctrl-C, then the report."""

import asyncio
import contextlib
import math
import time

from rich.console import Console

from overstay.commands.doctor import started
from overstay.diagnosis import Circumstances, diagnose
from overstay.evidence import Evidence
from overstay.findings import Report
from overstay.judge import containers
from overstay.judge.overstays import overstays
from overstay.memory import Window, held_of, merged
from overstay.messages import Speaker
from overstay.observation import Look, Observer
from overstay.options import RunOptions
from overstay.report import document, terminal
from overstay.server import Server

_POLL = 0.2
_LOOK_EVERY = 5.0
_MAX_PAUSE_MS = 100.0
"""Seconds between two checks whether the server lives, and between two looks: a look takes CPU from the server."""
_FIRST_CHECKPOINT = 10
_COPY_EVERY = 60.0
"""Seconds between two looks at the memory: each stops the server while the process is copied."""


def run(options: RunOptions, say: Speaker, console: Console) -> int:
    """Run the command under the ledger; show the report at its end, and return the exit status."""
    console.print(say("run.watching"), markup=False)
    with started(options.command, options.project, shows_output=True) as server:
        report = asyncio.run(_Watch(options, server, say).report())
    terminal.render(report, say, console)
    if options.json is not None:
        document.write(report, options.json)
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
        self._next_checkpoint = _FIRST_CHECKPOINT
        self._memory = Pace(_COPY_EVERY)
        self._lag: list[dict[str, object]] = []
        self._costs: list[dict[str, float]] = []

    async def report(self) -> Report:
        """Watch until the server ends or Ctrl-C, and return what its sessions left."""
        next_look = 0.0
        try:
            while self._server.status() is None:
                if time.monotonic() >= next_look:
                    await self._look()
                    next_look = time.monotonic() + _LOOK_EVERY
                await asyncio.sleep(_POLL)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look()
                await self._trace()
        self._observer.close()
        return diagnose(self._evidence, self._circumstances(), self._say)

    async def _look(self) -> None:
        await self._observer.discover()
        if not self._observer.is_inside:
            return
        look = await self._observer.look()
        lag, costs = await self._observer.ask("lag"), await self._observer.ask("self")
        if not self._observer.is_inside:
            return  # it ended under our eyes: the look before was the last
        self._lag, self._costs = list(lag.values()), list(costs.values())
        if self._note(look):
            self._memory.ask()
        if self._memory.is_due(time.monotonic()):
            await self._measure_memory()

    async def _measure_memory(self) -> None:
        lengths = await self._observer.lengths(_MAX_PAUSE_MS)
        self._evidence.windows.append(Window(len(self._evidence.counted), 0, lengths.of, lengths.referred))
        self._evidence.unseen = self._evidence.unseen or lengths.why

    async def _trace(self) -> None:
        """Ask what holds what has grown; before it, for the last time, by how much."""
        if self._evidence.windows and len(self._evidence.counted) > self._evidence.windows[-1].sessions:
            await self._measure_memory()
        grown = containers.growing(self._evidence.windows)
        told, _ = await self._observer.trace(grown, _MAX_PAUSE_MS)
        held = [each for pid, answer in told.items() for each in held_of(pid, answer)]
        self._evidence.memory = merged([each for each in held if each.sessions or each.containers])

    def _note(self, look: Look) -> bool:
        """Take note of a look; tell whether the sessions have doubled since the last checkpoint."""
        evidence = self._evidence
        evidence.sessions = dict(self._observer.sessions)
        settled = {
            key: session
            for key, session in evidence.sessions.items()
            if session.ended is not None and session.ended < time.monotonic() - self._options.settle
        }
        found = overstays(look, settled, ())
        evidence.tally.look(found, evidence.order)
        oldest = min((settled[overstay.session].ended or 0.0 for overstay in found), default=time.monotonic())
        evidence.has_second_look = oldest < time.monotonic() - self._options.second_look
        if len(settled) >= self._next_checkpoint:
            evidence.tally.checkpoint()
            self._next_checkpoint = 2 * len(settled)
            return True
        return False

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
            notes=() if hellos else (self._say("target.no-door"),),
            disarmed=self._observer.disarmed,
        )
