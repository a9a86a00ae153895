"""The command under test, from its start to the end of everything that it started."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from overstay.errors import TargetError, UsageError
from overstay.runtime import RunDirectory, processes_of

_SIGNALS_OF_KINDNESS = ((signal.SIGINT, 8.0), (signal.SIGTERM, 3.0))
_LAST_LINES = 12


class Server:
    """A started command; `stop` ends it and all its descendants."""

    def __init__(self, command: Sequence[str], run: RunDirectory, project: Path, *, shows_output: bool = False) -> None:
        self.command = tuple(command)
        self.run = run
        self._output = run.path / "output.log"
        # A process group of its own: Ctrl-C is for us, and we end the server when the report is safe.
        try:
            with self._output.open("wb") as output:
                self._process = subprocess.Popen(
                    self.command,
                    env=run.environment(project),
                    stdin=subprocess.DEVNULL,
                    stdout=None if shows_output else output,
                    stderr=None if shows_output else subprocess.STDOUT,
                    process_group=None if sys.platform == "win32" else 0,
                )
        except FileNotFoundError as error:
            raise UsageError("target.command-not-found", command=command[0]) from error
        except OSError as error:
            raise UsageError("target.command-not-startable", command=command[0], reason=error.strerror) from error

    @property
    def pid(self) -> int:
        """Return the command's process id."""
        return self._process.pid

    def status(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self._process.poll()

    def check(self, *, started: bool) -> None:
        """Raise TargetError when the command has ended."""
        status = self.status()
        if status is not None:
            slug = "target.exited-half-way" if started else "target.exited-at-start"
            raise TargetError(slug, status=status, lines=self.last_lines())

    def last_lines(self) -> str:
        """Return the end of what the command printed, the slug that says so when that is nothing."""
        try:
            lines = self._output.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return "\n".join(f"    {line}" for line in lines[-_LAST_LINES:]) or "target.printed-nothing"

    def pids(self) -> set[int]:
        """Return the command's process and its descendants."""
        try:
            process = psutil.Process(self.pid)
            return {self.pid, *(child.pid for child in process.children(recursive=True))}
        except psutil.Error:
            return {self.pid}

    def stop(self) -> None:
        """End the command: ask twice, then end everything that carries this run's mark."""
        for kindness, patience in _SIGNALS_OF_KINDNESS:
            if self._process.poll() is not None:
                break
            self._ask(kindness)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        for process in processes_of(self.run.path):
            try:
                process.kill()
            except psutil.Error:
                continue
        self._process.wait()

    def _ask(self, kindness: signal.Signals) -> None:
        try:
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.kill(self.pid, kindness)
        except OSError:
            pass
