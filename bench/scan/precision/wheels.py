"""The packages that are scanned: fetched by version and hash, unpacked, never installed and never run."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TARGET = ("--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_28_x86_64")
"""What the hashes are of, whatever machine fetches them."""


@dataclass(frozen=True, slots=True)
class Package:
    """An unpacked wheel."""

    name: str
    version: str
    folder: Path


def fetched(pins: Path, folder: Path) -> None:
    """Download the pinned wheels into a folder; those that are there are not fetched again."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
    command += [*_TARGET, "--require-hashes", "--dest", str(folder), "--requirement", str(pins)]
    subprocess.run(command, check=True)


def unpacked(pins: Path, wheels: Path, folder: Path) -> Iterator[Package]:
    """Yield each package of the list, unpacked into a folder of its name and version."""
    for line in pins.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.split()[0].partition("==")
            place = folder / f"{name}-{version}"
            if not place.exists():
                _unpack(wheels, name, version, place)
            yield Package(name, version, place)


def _unpack(wheels: Path, name: str, version: str, place: Path) -> None:
    [wheel] = wheels.glob(f"{name.replace('-', '_')}-{version}-*.whl")
    half = place.with_name(f"{place.name}.part")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(half)
    half.rename(place)
