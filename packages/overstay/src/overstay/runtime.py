"""The run directory: what a command needs to be started with the probe, and where its processes can be reached."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

import overstay_probe
from overstay.errors import UsageError
from overstay_probe import _platform
from overstay_probe.doors import DOORS

_PROBE = Path(overstay_probe.__file__).parent


def runtime_directory() -> Path:
    """Return the folder, only this user's, that holds all run directories and the addresses of installed probes."""
    return Path(_platform.owned_directory(_platform.runtime_directory()))


class RunDirectory:
    """A folder of one run: the probe for the target to import, and the addresses that its processes write.

    Raises UsageError, and leaves nothing behind, when there is no room for it.
    """

    def __init__(self) -> None:
        self.path = Path(_platform.runtime_directory()) / f"r{secrets.token_hex(4)}"
        try:
            self._fill()
        except OSError as error:
            self.remove()
            raise UsageError("usage.no-run-folder", path=self.path.parent, reason=_reason(error)) from error

    def _fill(self) -> None:
        runtime_directory()
        boot = self.path / "boot"
        self.path.mkdir(mode=0o700)
        # Only the probe may be visible to the target: the tool's own libraries would clash with the application's.
        shutil.copytree(_PROBE, boot / "overstay_probe", ignore=shutil.ignore_patterns("_boot"))
        shutil.copy2(_PROBE / "_boot" / "sitecustomize.py", boot)

    def environment(self, project: Path) -> dict[str, str]:
        """Return the environment in which every Python process meets the probe."""
        environment = dict(os.environ)
        before = environment.get("PYTHONPATH")
        boot = str(self.path / "boot")
        environment["PYTHONPATH"] = f"{boot}{os.pathsep}{before}" if before else boot
        environment["OVERSTAY_RUN"] = str(self.path)
        environment["OVERSTAY_DOORS"] = ",".join(DOORS)
        environment["OVERSTAY_PROJECT"] = str(project.resolve())
        return environment

    def entered(self) -> dict[int, str]:
        """Return the Python processes that met the probe: pid to "3.11"."""
        found = {}
        for path in self.path.glob("*.entered"):
            found[int(path.stem)] = path.read_text(encoding="utf-8")
        return found

    def addresses(self) -> list[Path]:
        """Return the address files of the processes that opened a door and still run."""
        return list(_of_living(self.path))

    def remove(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.path, ignore_errors=True)


def _reason(error: OSError) -> str:
    """Return the operating system's words; `copytree` has them within a text that names both files, too."""
    if isinstance(error, shutil.Error):
        _, _, told = error.args[0][0]
        return str(told).partition("] ")[2].partition(":")[0]
    return error.strerror or str(error)


def addresses_of(pids: set[int]) -> list[Path]:
    """Return the address files of these processes, whichever run they belong to."""
    top = runtime_directory()
    folders = [top, *(path for path in top.iterdir() if path.is_dir())]
    return [path for folder in folders for path in _of_living(folder) if int(path.stem) in pids]


def _of_living(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.json")):
        if path.stem.isdecimal() and psutil.pid_exists(int(path.stem)):
            yield path


def processes_of(run: Path) -> list[psutil.Process]:
    """Return every process that was started below this run, those whose parents have died among them."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("OVERSTAY_RUN") == str(run):
                found.append(process)
        except psutil.Error:
            continue
    return found
