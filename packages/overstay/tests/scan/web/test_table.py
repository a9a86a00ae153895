"""The table of the benchmark is made from the snippets, and says what it could not run."""

import subprocess
import sys
from pathlib import Path

from overstay.scan.web import RULES

SCRIPT = Path(__file__).parents[5] / "bench" / "scan" / "web_table.py"


def test_table_has_a_row_a_rule_and_says_that_eslint_is_missing(tmp_path: Path) -> None:
    """Without ESLint our own columns are there, and the reason is below."""
    command = [sys.executable, str(SCRIPT), "--eslint", str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in out.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows[1:]] == [rule.id for rule in RULES]
    for _, bad, _, found, alarms, *eslint in rows[1:]:
        assert (found, alarms, eslint) == (bad, "0", ["", ""])
    assert f"ESLint was not run: {tmp_path} has no node_modules with eslint in it." in out
