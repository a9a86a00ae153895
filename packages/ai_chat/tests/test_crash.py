"""A killed server keeps what it acknowledged: three times of the benchmark that does it fifty times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CRASH = Path(__file__).parents[3] / "bench/ai_chat/crash.py"


@pytest.mark.slow
def test_acknowledged_messages_of_both_protocols_survive_kill_9(tmp_path):
    """None is missing, twice or out of order, and the tool servers end with the server."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, CRASH, "--times", "3", "--seed", "7", "--json", figures]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(figures.read_text())
    assert (told["kills"], told["tool_servers"]) == (3, 3)
    for kind in ("NativePage", "OpenLLMVTuberPage"):
        assert told[f"{kind}_human"] > 0
        assert told[f"{kind}_ai"] > 0
