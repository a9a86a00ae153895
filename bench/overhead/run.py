"""What overstay adds to the CPU of a chat server, beside what other instruments add.

    run.py [--pairs 30] [--loop asyncio|uvloop|both] [--json FILE] [--quick]

Exit status: 0 every bar met (with --quick: every variant ran), 1 a bar missed or a variant failed, 2 wrong usage,
130 interrupted. README.md beside this file says what is measured and how.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

from measure.campaign import measure
from measure.environment import python_with_comparators, versions
from measure.result import ENOUGH_ROUNDS, Result, as_json, result_of
from measure.table import table
from measure.trouble import EnvironmentFailedError

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "build" / "overhead" / "venv"
QUICK_ROUNDS = 3


def main() -> int:
    """Measure, print, write, and return the exit status."""
    options = _options()
    try:
        python = python_with_comparators(ENVIRONMENT)
        results = asyncio.run(_measure_all(options, python))
    except EnvironmentFailedError as err:
        print(err, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\ninterrupted; the servers are stopped", file=sys.stderr)
        return 130
    is_written = options.json is None or _write(options.json, options, python, results)
    return 0 if is_written and all(_passed(result) for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pairs", type=int, default=ENOUGH_ROUNDS, help=f"rounds, at least {ENOUGH_ROUNDS}")
    parser.add_argument("--loop", choices=("asyncio", "uvloop", "both"), default="both", help="event loop")
    parser.add_argument("--json", type=Path, help="where to write figures and readings")
    parser.add_argument("--overstay", type=Path, help="the overstay command; beside this Python by default")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the variants")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds: does it work at all?")
    options = parser.parse_args()
    if options.pairs < ENOUGH_ROUNDS:
        parser.error(f"{options.pairs} pairs prove nothing; take at least {ENOUGH_ROUNDS}, or --quick for a smoke run")
    return options


async def _measure_all(options: argparse.Namespace, python: Path) -> list[Result]:
    _end_like_ctrl_c()
    rounds = QUICK_ROUNDS if options.quick else options.pairs
    order = random.Random(options.seed)
    results = []
    for loop in ("asyncio", "uvloop") if options.loop == "both" else (options.loop,):
        campaign = await measure(loop, rounds, python=python, overstay=options.overstay, order=order)
        results.append(result_of(campaign))
        print(("\r" if sys.stderr.isatty() else "") + table(results[-1]) + "\n", flush=True)
    return results


def _end_like_ctrl_c() -> None:
    """Let SIGTERM and a closed terminal stop the servers too."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)


def _passed(result: Result) -> bool:
    return result.met if result.judged else not result.failures


def _write(path: Path, options: argparse.Namespace, python: Path, results: list[Result]) -> bool:
    machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "platform": sys.platform}
    content = {
        "schema": "overstay-overhead/1",
        "seed": options.seed,
        "versions": versions(python),
        "machine": machine,
        "loops": [as_json(result) for result in results],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        print(f"the figures above could not be written to {path}: {err.strerror}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
