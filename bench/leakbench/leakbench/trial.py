"""One trial: the doctor, once, on one twin; whatever happens, nothing of it is left running."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leakbench.case import TWINS, Case, Twin, replaced
from leakbench.environment import OURS, interpreter
from leakbench.strays import MARK, Family, end_marked
from leakbench.turn import Turn

BENCH = Path(__file__).parents[1]
GRACE = 20.0  # seconds for a doctor to end its server after SIGINT
_given: set[int] = set()


@dataclass(frozen=True, slots=True)
class Plan:
    """How every trial of this benchmark is made."""

    out: Path
    sessions: int
    timeout: float
    departures: str | None = None
    second_look: float | None = None
    pythons: tuple[Path, ...] = (OURS,)
    twins: tuple[Twin, ...] = TWINS

    def python(self, number: int) -> Path:
        """Return the Python that starts the servers of a run, the first run being 1: they take turns."""
        return self.pythons[(number - 1) % len(self.pythons)]

    @property
    def reports(self) -> Path:
        """Return the folder of this runner's reports: two runners at once must not take each other's."""
        return self.out / "runs" / str(os.getpid())


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial gave: the report if there is one, else why not."""

    report: Mapping[str, Any] | None
    problem: str | None
    status: int | None
    seconds: float
    left_running: tuple[str, ...]

    @property
    def python(self) -> str | None:
        """Return the version that ran the server, as the report has it."""
        return self.report["target"]["python"] if self.report else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one trial happens: the words of its command lines, its mark, its files."""

    words: Mapping[str, str]
    mark: str
    report: Path
    log: Path
    strays: list[str] = field(default_factory=list)

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of everything that the trial starts."""
        return {**os.environ, "TMPDIR": self.words["tmp"], MARK: self.mark, **own}


async def try_twin(case: Case, twin: Twin, number: int, plan: Plan, turns: asyncio.Semaphore) -> Trial:
    """Run the doctor on one twin of a case. Raises `CaseError` when the twin's environment cannot be made."""
    base = plan.reports / f"{case.name}-{twin}-{number}"
    base.parent.mkdir(parents=True, exist_ok=True)
    async with Turn(turns, base.with_name(f"{base.name}.log")):
        return await _try_twin(case, twin, number, plan, base)


async def _try_twin(case: Case, twin: Twin, number: int, plan: Plan, base: Path) -> Trial:
    python = await interpreter(case, twin, plan.out / "venvs", plan.python(number))
    began = time.monotonic()
    with scratch() as tmp:
        words = _words(case, twin, python, tmp)
        place = _Place(words, uuid.uuid4().hex, base.with_name(f"{base.name}.json"), base.with_name(f"{base.name}.log"))
        place.report.unlink(missing_ok=True)
        try:
            async with _beside(case, place):
                status = await _doctor(doctor_command(case, twin, plan, place), case, twin, plan.timeout, place)
        finally:
            left = (*place.strays, *end_marked(place.mark))
    report, problem = _read(place, status)
    return Trial(report, problem, status, time.monotonic() - began, left)


def doctor_command(case: Case, twin: Twin, plan: Plan, place: _Place) -> list[str]:
    """Return the command line of the doctor for one twin."""
    arguments = case.arguments[twin].replaced(place.words)
    command = [str(Path(sys.executable).with_name("overstay")), "doctor", "--url", arguments.url]
    command += ["--lang", "en", "--sessions", str(plan.sessions), "--json", str(place.report)]
    if plan.departures:
        command += ["--departures", plan.departures]
    if plan.second_look is not None:
        command += ["--second-look", str(plan.second_look)]
    if case.visit:
        command += ["--visit", str(case.visit)]
    return [*command, *arguments.doctor, "--", *arguments.command]


async def _doctor(command: Sequence[str], case: Case, twin: Twin, timeout: float, place: _Place) -> int | None:
    """Return the doctor's exit status; None when it took too long."""
    with place.log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=case.folder,
            env=place.environment(case.arguments[twin].replaced(place.words).env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C reaches us alone, and we pass it on once
        )
        family = Family(process.pid)
        try:
            async with asyncio.timeout(timeout), family:
                return await process.wait()
        except TimeoutError:
            return None
        finally:
            await _end(process)
            place.strays.extend(family.end())


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process as a person would, then as the system would; both also when this task is being cancelled."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE):
            await process.wait()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def _beside(case: Case, place: _Place) -> AsyncIterator[None]:
    """Run the service that the server talks to, if the case has one, without overstay."""
    if not case.beside:
        yield
        return
    process = await asyncio.create_subprocess_exec(
        *replaced(case.beside, place.words),
        cwd=case.folder,
        env=place.environment({}),
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await listening(int(place.words["beside_port"]))
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def listening(port: int) -> None:
    """Wait until a port is open. Raises `TimeoutError` after 20 s."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens on and that no other trial of ours was given.

    Below the range from which systems take the ports of outgoing connections: there, a visitor of one trial could take
    the port that another trial's server is about to listen on.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def _words(case: Case, twin: Twin, python: Path, tmp: Path) -> dict[str, str]:
    return {
        "python": str(python),
        "bin": str(python.parent),
        "twin": twin,
        "port": str(free_port()),
        "beside_port": str(free_port()),
        "case": str(case.folder),
        "bench": str(BENCH),
        "tmp": str(tmp),
    }


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a fresh folder that is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="leakbench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(place: _Place, status: int | None) -> tuple[Mapping[str, Any] | None, str | None]:
    said = place.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = said[-1] if said else "it said nothing"
    if status is None:
        return None, f"took too long: {last}"
    if status not in (0, 1, 3):
        return None, f"status {status}: {last}"
    try:
        told: Mapping[str, Any] = json.loads(place.report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, f"status {status} and no report: {last}"
    problem = f"verdict {told['verdict']}: {last}" if told["verdict"] in ("invalid", "inconclusive") else None
    return told, problem
