"""Print what our rules for a page's scripts find in their own snippets, and what ESLint's react-web-api plug-in finds.

    python bench/scan/web_table.py [--eslint FOLDER] [> build/scan-web-table.md]

FOLDER has `node_modules` with eslint, eslint-plugin-react-web-api and typescript-eslint; where none is given, the
versions of `eslint/package.json` are installed by npm, none of their scripts run, below `build/scan`. ESLint's column
is empty, with the reason below the table, where that cannot be. Each of
our rules is run on its own snippets; of ESLint, what its rule of the same meaning says there is taken. A mark is right
where a line marked `// bad` is named, and a false alarm where any other line is.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from overstay.scan.web import RULES, reported, units

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).with_name("eslint") / "package.json"
INSTALLED = ROOT / "build" / "scan" / "eslint"
SNIPPETS = ROOT / "packages" / "overstay" / "tests" / "scan" / "web" / "snippets"
CONFIG = """import tseslint from 'typescript-eslint';
import webApi from 'eslint-plugin-react-web-api';

export default [
  {
    files: ['**/*.{ts,tsx,js,jsx}'],
    languageOptions: { parser: tseslint.parser, parserOptions: { ecmaFeatures: { jsx: true } } },
    plugins: { 'react-web-api': webApi },
    rules: Object.fromEntries(Object.keys(webApi.rules).map((name) => [`react-web-api/${name}`, 'warn'])),
  },
];
"""

Place = tuple[str, str, int]
"""A rule, a file of its snippets, and a line."""


@dataclass(frozen=True)
class Absent:
    """Why ESLint was not run."""

    why: str


def marked(mark: str) -> set[Place]:
    """Return the lines of all snippets that end with a mark."""
    return {
        (folder.name, path.name, number)
        for folder in SNIPPETS.iterdir()
        for path in folder.iterdir()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith(f"// {mark}")
    }


def ours() -> set[Place]:
    """Return the lines that each of our rules names in its own snippets."""
    return {
        (rule.id, match.path.name, match.line)
        for rule in RULES
        for script in units(sorted((SNIPPETS / rule.id).iterdir()), SNIPPETS)[0]
        for match in rule.check(script)
    }


def installed() -> Path | Absent:
    """Return the folder that has the pinned ESLint, installed once for a set of pins, or why there is none."""
    npm, mark = shutil.which("npm"), INSTALLED / "pins"
    pins = PINS.read_text(encoding="utf-8")
    if mark.exists() and mark.read_text(encoding="utf-8") == pins:
        return INSTALLED
    if npm is None:
        return Absent("there is no npm to install it with")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    shutil.copy(PINS, INSTALLED / PINS.name)
    words = [npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    ran = subprocess.run(words, cwd=INSTALLED, capture_output=True, text=True, check=False)
    if ran.returncode:
        return Absent(f"npm ended with {ran.returncode}")
    mark.write_text(pins, encoding="utf-8")
    return INSTALLED


def eslints(folder: Path) -> set[Place] | Absent:
    """Return the lines that ESLint names in the snippets of our rule that means the same, or why there are none."""
    program = folder / "node_modules" / ".bin" / "eslint"
    if not program.exists():
        return Absent(f"{folder} has no node_modules with eslint in it")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        here = Path(name)
        shutil.copytree(SNIPPETS, here / "snippets")
        (here / "eslint.config.mjs").write_text(CONFIG, encoding="utf-8")
        report = here / "report.json"
        command = [str(program), "--format", "json", "--output-file", str(report), "snippets"]
        ran = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
        if not report.exists():
            return Absent(
                f"eslint failed: {ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else ran.returncode}"
            )
        found = reported(report, here, doubted=True)
        return {(rule.id, match.path.name, match.line) for rule, match in found if match.path.parent.name == rule.id}


def table(rules: Iterable[str], bad: set[Place], columns: Mapping[str, set[Place] | Absent]) -> list[str]:
    """Return the table's lines: per rule what each tool finds of the bad lines, and its false alarms."""
    heads = [f"{name}, {what}" for name in columns for what in ("found", "false alarms")]
    lines = [f"| rule | bad | good | {' | '.join(heads)} |", f"|---|{'---:|' * (2 + len(heads))}"]
    good = marked("good")
    for rule in rules:
        cells = [_count(rule, bad), _count(rule, good)]
        for places in columns.values():
            cells += (
                ["", ""] if isinstance(places, Absent) else [_count(rule, places & bad), _count(rule, places - bad)]
            )
        lines.append(f"| {rule} | {' | '.join(map(str, cells))} |")
    return lines


def _count(rule: str, places: set[Place]) -> int:
    return Counter(name for name, _, _ in places)[rule]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eslint", type=Path, metavar="FOLDER")
    folder = parser.parse_args().eslint or installed()
    columns = {"overstay": ours(), "ESLint": folder if isinstance(folder, Absent) else eslints(folder.resolve())}
    print("\n".join(table([rule.id for rule in RULES], marked("bad"), columns)))
    for name, places in columns.items():
        if isinstance(places, Absent):
            print(f"\n{name} was not run: {places.why}.")


if __name__ == "__main__":
    main()
