"""Which patterns which tool finds: the marked lines of our snippets, given to ruff, flake8-async, pylint and overstay.

    python bench/scan/table.py [> build/scan-table.md]

flake8-async and pylint are installed, pinned, into an environment of their own below `build/scan`.
The snippets are ours, so the column of overstay says only that its tests pass; the others say what a project that has
them already is told.
"""

import json
import re
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from overstay.messages import Speaker
from overstay.scan import scan
from overstay.scan.rules import RULES

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / "build" / "scan" / "tools"
SNIPPETS = Path(__file__).parents[2] / "packages" / "overstay" / "tests" / "scan" / "snippets"
RUFF = "RUF006,RUF012,RUF059,ASYNC,B006,B019,BLE001,S110,S112,SIM115,F841"
PYLINT = (
    "consider-using-with,unused-variable,method-cache-max-size-none,broad-exception-caught,bare-except,"
    "expression-not-assigned"
)
Lines = set[tuple[str, int]]


def files_of(rule: str) -> list[Path]:
    """Return the snippets of a rule."""
    folder = SNIPPETS / rule
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [SNIPPETS / f"{rule}.py"]


def marked(files: list[Path]) -> Lines:
    """Return the lines that are marked as bad."""
    return {
        (path.name, number)
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("# bad")
    }


def installed() -> str:
    """Return the Python of the environment that has the other tools; made once for a set of pins."""
    python, pins = str(ENVIRONMENT / "bin" / "python"), (HERE / "requirements.txt").read_text(encoding="utf-8")
    mark = ENVIRONMENT / "pins"
    if not mark.exists() or mark.read_text(encoding="utf-8") != pins:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
        subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True)
        mark.write_text(pins, encoding="utf-8")
    return python


def output(python: str, *words: str) -> str:
    """Return what a tool prints; raises RuntimeError where it could not run, which is not to find nothing."""
    ran = subprocess.run([python, "-m", *words], capture_output=True, text=True, check=False)
    # All of them end with a status for what they find, too, and then they print it.
    if "Traceback" in ran.stderr or (ran.returncode and not ran.stdout.strip()):
        raise RuntimeError(f"{words[0]} ended with {ran.returncode}: {ran.stderr.strip()[-500:]}")
    return ran.stdout


def by_ruff(files: list[Path]) -> Lines:
    """Return the lines that ruff names."""
    told = json.loads(
        output(
            sys.executable, "ruff", "check", "--isolated", "--output-format", "json", "--select", RUFF, *map(str, files)
        )
    )
    return {(Path(each["filename"]).name, int(each["location"]["row"])) for each in told}


def by_flake8(files: list[Path]) -> Lines:
    """Return the lines that flake8-async names; its checks of trio's checkpoints are left out."""
    return by_text(
        output(installed(), "flake8_async", "--asyncio", "--enable", "ASYNC1,ASYNC2,ASYNC3", *map(str, files))
    )


def by_pylint(files: list[Path]) -> Lines:
    """Return the lines that pylint names."""
    return by_text(output(installed(), "pylint", "--disable=all", f"--enable={PYLINT}", "--score=n", *map(str, files)))


def by_text(text: str) -> Lines:
    """Return the places at the beginning of lines of output."""
    return {(Path(file).name, int(line)) for file, line in re.findall(r"^(.+?\.py):(\d+):", text, re.MULTILINE)}


def by_overstay(rule: str) -> Callable[[list[Path]], Lines]:
    """Return a function that gives the lines that a rule of ours names."""

    def lines(files: list[Path]) -> Lines:
        result = scan(files[0].parent, say=Speaker("en"), paths=files)
        found = [each.site for each in (*result.findings, *result.hints) if each.rule == rule]
        return {(Path(site.file).name, site.line) for site in found if site is not None}

    return lines


def cell(tool: Callable[[list[Path]], Lines], files: list[Path]) -> str:
    """Return how many of the marked lines a tool names."""
    bad = marked(files)
    return f"{len(bad & tool(files))} of {len(bad)}"


def main() -> None:
    """Print the table."""
    tools = {"ruff": by_ruff, "flake8-async": by_flake8, "pylint": by_pylint}
    print(f"| pattern | {' | '.join(tools)} | overstay |")
    print("|---|" + "---|" * (len(tools) + 1))
    for rule in RULES:
        files = files_of(rule.id)
        cells = [cell(tool, files) for tool in (*tools.values(), by_overstay(rule.id))]
        print(f"| `{rule.id}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
