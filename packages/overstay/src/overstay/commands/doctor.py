"""`overstay doctor`: start the server if asked to, visit it, judge, report, and leave nothing running."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console

from overstay import interrupts, outside
from overstay.checks.checkup import check_up, of_project, with_checks
from overstay.checks.project import Project
from overstay.diagnosis import Circumstances, diagnose
from overstay.errors import OverstayError, TargetError, UsageError
from overstay.examination import Examination
from overstay.findings import Report
from overstay.load_meter import LoadMeter
from overstay.messages import Speaker
from overstay.observation import Observer
from overstay.options import DoctorOptions
from overstay.progress import ProgressLine
from overstay.report import document, terminal
from overstay.runtime import RunDirectory, addresses_of
from overstay.server import Server
from overstay.source_reading import beside, with_source
from overstay.visiting import Plan, Visiting
from overstay.visits import Destination, Driver, VisitScript

_POLL = 0.1
_DOOR_PATIENCE = 3.0


def doctor(options: DoctorOptions, say: Speaker, console: Console) -> int:
    """Examine what the options name, show the report, write it where asked, and return the exit status."""
    if options.url is None and not options.command:
        report, problem = project_report(options, say), None
    else:
        report, problem = examine(options, say, checks=True)
    terminal.render(report, say, console)
    if options.json is not None:
        document.write(report, options.json)
    if problem is not None:
        raise problem
    return report.exit_status


def examine(options: DoctorOptions, say: Speaker, *, checks: bool = False) -> tuple[Report, OverstayError | None]:
    """Return the report on a server, and what ended the examination before its time.

    With `checks`, the project and the running server are gone through afterwards: a ping would be an uncounted visit.
    The server is ended, and the run's folder removed, whatever happens.
    """
    if options.url is None:
        raise UsageError("target.needs-url")
    script = VisitScript.load(options.visit)
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(ProgressLine(say))
        server = None
        if options.command:
            _refuse_taken_port(options.url)
            progress("starting")
            server = stack.enter_context(started(options.command, options.project))
            stack.callback(progress, "stopping")
        report, problem = asyncio.run(_Visit(options, options.url, script, server, say=say, progress=progress).report())
        if checks and problem is None and say("run.interrupted") not in report.run.notes:
            progress("checking")
            try:
                report = _with_project(report, options, server, say)
            except KeyboardInterrupt:  # the visits are made, and their report is not lost
                return report.with_note(say("run.interrupted")), problem
        return report, problem


def _with_project(report: Report, options: DoctorOptions, server: Server | None, say: Speaker) -> Report:
    """Return the report on a server with what there is to say of its process, of its source, and of a named project."""
    project = _project(options, server)
    report = with_checks(report, check_up(project, say, has_folder=options.checks_project))
    return (with_source if options.checks_project else beside)(report, project, say)


def project_report(options: DoctorOptions, say: Speaker) -> Report:
    """Return the report on a project without visiting a server."""
    if options.pid is not None and not psutil.pid_exists(options.pid):
        raise UsageError("usage.no-process", value=options.pid)
    began = time.monotonic()
    with ProgressLine(say) as progress:
        progress("checking")
        project = _project(options, None)
        report = of_project(check_up(project, say, has_folder=options.checks_project), time.monotonic() - began)
        return with_source(report, project, say) if options.checks_project else report


def _project(options: DoctorOptions, server: Server | None) -> Project:
    """Return what the checks look at; the processes are the one named, those that listen, or else those started."""
    destination, pids = None, {options.pid} if options.pid is not None else set()
    if options.url is not None:
        destination = Destination(options.url, options.headers, options.cookies, options.subprotocols, options.insecure)
        # Not all that were started: what the server itself has started is to be told apart from it.
        pids = pids or outside.listeners(options.url) or (server.pids() if server else set())
    return Project(options.project.resolve(), destination, frozenset(pids), options.probes_llm)


@contextlib.contextmanager
def started(command: tuple[str, ...], project: Path, *, shows_output: bool = False) -> Iterator[Server]:
    """Run a command under the ledger for the length of the block."""
    with contextlib.ExitStack() as stack:
        with interrupts.deferred():
            run = RunDirectory()
            stack.callback(run.remove)
            server = Server(command, run, project, shows_output=shows_output)
            stack.callback(_stop, server)
        yield server


def _stop(server: Server) -> None:
    with interrupts.deferred():
        server.stop()


def _refuse_taken_port(url: str) -> None:
    holders = outside.listeners(url)
    if holders:
        raise UsageError("target.port-taken", port=outside.address_of(url)[1], pid=min(holders))


class _Visit:
    """One examination of one server, from finding it to its report."""

    def __init__(
        self,
        options: DoctorOptions,
        url: str,
        script: VisitScript,
        server: Server | None,
        *,
        say: Speaker,
        progress: ProgressLine,
    ) -> None:
        self._options = options
        self._url = url
        self._server = server
        self._say = say
        self._progress = progress
        self._began = time.monotonic()
        self._notes: list[str] = []
        self._observer = Observer(self._addresses)
        destination = Destination(url, options.headers, options.cookies, options.subprotocols, options.insecure)
        self._driver = Driver(destination, script, concurrency=options.concurrency)
        plan = Plan(options.sessions, options.departures, options.settle, options.second_look, options.max_pause)
        visiting = Visiting(
            plan,
            self._observer,
            self._driver,
            progress=progress,
            measure=self._measure,
            meter=lambda: LoadMeter(self._pids()),
            check=self._check,
        )
        self._examination = Examination(plan, self._observer, visiting, progress=progress)

    async def report(self) -> tuple[Report, OverstayError | None]:
        """Examine and return the report; of an examination that was cut short, what there is and why."""
        problem = None
        try:
            try:
                await self._find()
                self._progress("warm-up")
                await self._examination.run()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None:
                    task.uncancel()
                self._notes.append(self._say("run.interrupted"))
            except OverstayError as error:
                if not self._examination.evidence.visits:
                    raise
                self._notes.append(self._say("run.cut-short"))
                problem = error
            return await self._diagnosis(), problem
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await self._observer.ask("clear")
            self._observer.close()
            await self._driver.aclose()

    async def _diagnosis(self) -> Report:
        lag = list((await self._observer.ask("lag")).values())
        costs = list((await self._observer.ask("self")).values())
        hellos = list(self._observer.hellos.values())
        if not hellos:
            self._notes.append(why_outside(self._server, self._say))
        circumstances = Circumstances(
            project=self._options.project,
            command=self._options.command,
            url=self._url,
            python=hellos[0]["python"] if hellos else None,
            servers=tuple(sorted({name for hello in hellos for name in hello["servers"]})),
            is_inside=bool(hellos),
            duration=time.monotonic() - self._began,
            settle=self._options.settle,
            lag=lag,
            self_costs=costs,
            notes=tuple(self._notes),
            disarmed=self._observer.disarmed,
        )
        return diagnose(self._examination.evidence, circumstances, self._say)

    # The server

    def _addresses(self) -> list[Path]:
        if self._server is not None:
            return self._server.run.addresses()
        return addresses_of(outside.listeners(self._url))

    def _check(self) -> None:
        if self._server is not None:
            self._server.check(started=True)

    async def _measure(self) -> dict[str, float]:
        """Return the sums of the counters over all processes."""
        if self._observer.is_inside:
            told = await self._observer.ask("counters")
            names = ("fds", "threads", "children", "rss")
            return {name: sum(each.get(name, 0.0) for each in told.values()) for name in names}
        return outside.counters(self._pids())

    def _pids(self) -> set[int]:
        return self._server.pids() if self._server else outside.listeners(self._url) | self._observer.pids

    async def _find(self) -> None:
        """Wait until the server listens, and attach to its processes."""
        deadline = time.monotonic() + self._options.start_timeout
        while not outside.is_listening(self._url):
            if self._server is None:
                raise TargetError("target.no-listener", url=self._url)
            self._server.check(started=False)
            if time.monotonic() > deadline:
                raise TargetError(
                    "target.port-never-opens",
                    url=self._url,
                    seconds=int(self._options.start_timeout),
                    lines=self._server.last_lines(),
                )
            await asyncio.sleep(_POLL)
        await self._enter()

    async def _enter(self) -> None:
        deadline = time.monotonic() + (_DOOR_PATIENCE if self._server is not None else 0.0)
        while not await self._observer.discover() and time.monotonic() < deadline:  # noqa: ASYNC110 - a file appears
            await asyncio.sleep(_POLL)


def why_outside(server: Server | None, say: Speaker) -> str:
    """Say why no process of the target carries the probe, and how to go on."""
    if server is None:
        return say("run.outside-view")
    entered = server.run.entered()
    unsupported = sorted({version for version in entered.values() if _is_unsupported(version)})
    if unsupported:
        return say("target.unsupported-python", version=", ".join(unsupported))
    return say("target.no-door" if entered else "target.probe-cannot-enter")


def _is_unsupported(version: str) -> bool:
    major, _, minor = version.partition(".")
    return (int(major), int(minor or 0)) < (3, 11)
