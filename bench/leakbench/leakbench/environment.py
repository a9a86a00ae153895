"""Where a twin runs: its interpreter, made once per requirement file and Python, and the lines of its site."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

from leakbench.case import Case, CaseError, Twin

OURS = Path(sys.executable)


async def interpreter(case: Case, twin: Twin, venvs: Path, python: Path = OURS) -> Path:
    """Return the interpreter for a twin; makes its environment if there is none for these requirements yet."""
    requirements = case.requirements.get(twin)
    if requirements is None:
        return python
    of_which = b"" if python == OURS else os.fsencode(python)
    venv = venvs / hashlib.sha256(requirements.read_bytes() + of_which).hexdigest()[:16]
    venvs.mkdir(parents=True, exist_ok=True)
    with venv.with_suffix(".lock").open("w") as lock:  # another trial, or another runner, may be making it right now
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not (venv / ".ready").is_file():
            await _make(venv, requirements, python)
    return _python(venv)


def site_lines(case: Case, python: Path) -> list[tuple[str, int]]:
    """Return (file, line) of each line that is a right answer. Raises `CaseError` when there is none."""
    found = []
    for name in case.site.files:
        path = _library_file(python, name) if case.site.library else case.folder / name
        if path is None or not path.is_file():
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [(name, number) for number, text in enumerate(lines, 1) if case.site.marker in text]
    if not found:
        raise CaseError(f"{case.name}: no line of {', '.join(case.site.files)} contains {case.site.marker!r}")
    return found


async def _make(venv: Path, requirements: Path, python: Path) -> None:
    # Without .ready an earlier attempt was cut off half-way: what it left cannot be trusted.
    shutil.rmtree(venv, ignore_errors=True)
    await _run(str(python), "-m", "venv", str(venv))
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
    await _run(str(_python(venv)), *pip, "-r", str(requirements))
    (venv / ".ready").touch()


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise CaseError(
            f"{' '.join(command)} ended with {process.returncode}: {output.decode(errors='replace')[-800:]}"
        )


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _library_file(python: Path, name: str) -> Path | None:
    roots = sorted(python.parent.parent.glob("[Ll]ib/**/site-packages"))
    return next((root / name for root in roots if (root / name).is_file()), None)
