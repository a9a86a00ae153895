"""Kill -9 a process that appends under load, at random moments, and look for every message it acknowledged.

    python bench/history/crash.py [--times 50] [--json FILE]

Exit code 0 when none is missing and all are in order.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APPENDER = Path(__file__).parents[2] / "packages/ai_chat/tests/history/appender.py"


def kill_once(folder: Path, seconds: float) -> tuple[int, int]:
    """How many messages were acknowledged before the kill, and how many of them are missing or out of order."""
    appender = subprocess.Popen([sys.executable, APPENDER, folder], stdout=subprocess.PIPE, text=True)
    assert appender.stdout is not None
    lines = [appender.stdout.readline()]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lines.append(appender.stdout.readline())
    appender.send_signal(signal.SIGKILL)
    lines += appender.stdout.readlines()
    appender.wait(10)
    acknowledged = [line.split() for line in lines if line.endswith("\n")]
    database = sqlite3.connect(folder / "history.db")
    stored = dict(database.execute("SELECT number, text FROM messages ORDER BY number").fetchall())
    database.close()
    texts = [int(text) for text in stored.values()]
    lost = sum(stored.get(int(number)) != text for number, text in acknowledged)
    return len(acknowledged), lost + sum(a != b for a, b in enumerate(texts))


def main() -> int:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    acknowledged = lost = 0
    for _ in range(options.times):
        with tempfile.TemporaryDirectory() as folder:
            count, missing = kill_once(Path(folder), moments.uniform(0.02, 0.8))
        acknowledged += count
        lost += missing
    result = {"kills": options.times, "acknowledged": acknowledged, "lost": lost}
    print(f"{options.times} kills: {acknowledged} messages acknowledged, {lost} of them missing or out of order")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if lost or not acknowledged else 0


if __name__ == "__main__":
    sys.exit(main())
