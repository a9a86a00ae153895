"""The comparators' own environment: hash-pinned, built once, built anew when the pins change."""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from measure.trouble import EnvironmentFailedError

PINS = Path(__file__).resolve().parent.parent / "requirements.txt"
NAMED = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "websockets", "aiomonitor", "memray")


def python_with_comparators(folder: Path) -> Path:
    """Return the Python of the environment in `folder`, building it first where it is missing or out of date."""
    python = folder / "bin" / "python"
    stamp = folder / ".pins"
    wanted = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"building the comparators' environment in {folder}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(PINS)]
    _run([str(python), "-m", "pip", *install])
    stamp.write_text(wanted)
    return python


def versions(python: Path) -> dict[str, str]:
    """Return the versions of what takes part in the measurement."""
    ask = (
        "import json, sys; from importlib.metadata import version; print(json.dumps(list(map(version, sys.argv[1:]))))"
    )
    answer = subprocess.run([str(python), "-c", ask, *NAMED], capture_output=True, text=True, check=True)
    ours = {"python": sys.version.split()[0], "overstay": version("overstay")}
    return ours | dict(zip(NAMED, json.loads(answer.stdout), strict=True))


def _run(command: list[str]) -> None:
    """Run one step and keep what it says for the case that it fails: pip warns of much that does not matter."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
        raise EnvironmentFailedError(f"{' '.join(command)} ended with status {done.returncode}:\n{said}")
