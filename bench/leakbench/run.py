"""Run overstay's doctor on every pair of the leak benchmark and score what it says.

    .venv/bin/python bench/leakbench/run.py [--jobs 3] [--runs 1] [--only GLOB] [--json FILE] [--sessions 40] [--clean]
                                       [--traces] [--python FILE]...

Exits 0 only when every leak was found at its line with its trace and no clean server had a finding; 1 when not; 2 for
a case that cannot be used; 130 after Ctrl-C, with nothing left running.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from leakbench.case import TWINS, Case, CaseError, load_all
from leakbench.environment import OURS, interpreter, site_lines
from leakbench.score import false_alarms, score_leaky
from leakbench.table import Row, show, to_json, totals
from leakbench.trial import Plan, Trial, try_twin
from rich.console import Console

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "build" / "leakbench"
ALL_DEPARTURES = "close,going-away,reset,vanish,half-close,mid-reply,mid-upload,mid-handshake,slow-reader"


async def run_pair(case: Case, number: int, plan: Plan, turns: asyncio.Semaphore) -> Row:
    """Run both twins of a case, one after the other, and score them; a case that cannot be set up is a failed row."""
    try:
        return await _scored(case, number, plan, turns)
    except CaseError as err:
        score = None if case.kind == "none" else score_leaky(case, [], None)
        return Row(case.name, case.kind, number, score, false_alarms(None), 0.0, 0.0, (str(err),))


async def _scored(case: Case, number: int, plan: Plan, turns: asyncio.Semaphore) -> Row:
    trials: dict[str, Trial] = {}
    for twin in plan.twins if case.kind != "none" else TWINS[1:]:
        trials[twin] = await try_twin(case, twin, number, plan, turns)
    leaky, clean = trials.get("leaky"), trials.get("clean")
    score = None
    if leaky:
        python = await interpreter(case, "leaky", plan.out / "venvs", plan.python(number))
        score = score_leaky(case, site_lines(case, python), leaky.report)
    return Row(
        case=case.name,
        kind=case.kind,
        run=number,
        leaky=score,
        alarms=false_alarms(clean.report) if clean else None,
        seconds_leaky=leaky.seconds if leaky else 0.0,
        seconds_clean=clean.seconds if clean else 0.0,
        problems=tuple(problem for twin, trial in trials.items() for problem in problems(twin, trial)),
        python=next((trial.python for trial in trials.values() if trial.python), None),
    )


def problems(twin: str, trial: Trial) -> list[str]:
    """Return what went wrong in a trial apart from its findings."""
    told = [f"{twin}: {trial.problem}"] if trial.problem else []
    if trial.left_running:
        told.append(f"{twin}: left running: {'; '.join(trial.left_running)}")
    return told


async def run_all(cases: Sequence[Case], runs: int, jobs: int, plan: Plan, console: Console) -> list[Row]:
    """Run every case `runs` times, `jobs` servers being visited at once; after Ctrl-C return what there is."""
    turns, rows = asyncio.Semaphore(jobs), list[Row]()

    async def one(case: Case, number: int) -> None:
        row = await run_pair(case, number, plan, turns)
        rows.append(row)
        console.print(
            f"{len(rows)}/{len(cases) * runs} {case.name} {'ok' if row.passed else 'FAILED'}", highlight=False
        )

    async with asyncio.TaskGroup() as group:
        for number in range(1, runs + 1):
            for case in cases:
                group.create_task(one(case, number))
    return rows


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=3, help="servers visited at once, beside those that wait (3)")
    parser.add_argument("--runs", type=int, default=1, help="how often each case is run (1)")
    parser.add_argument("--only", default="*", metavar="GLOB", help="only the cases with such a name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there")
    parser.add_argument("--sessions", type=int, help="sessions a run (40; with --clean 60)")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one run of the doctor (300)")
    parser.add_argument(
        "--python", type=Path, action="append", metavar="FILE", help="starts the servers; with several, runs take turns"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--clean", action="store_true", help="the servers without a leak, every departure")
    which.add_argument("--traces", action="store_true", help="only leaky twins, those with a golden trace")
    return parser.parse_args(argv)


def plan_of(options: argparse.Namespace, pythons: tuple[Path, ...]) -> Plan:
    """Return how the trials are made that the command line asks for."""
    plan = Plan(out=OUT, sessions=options.sessions or 40, timeout=options.timeout, pythons=pythons)
    if options.clean:
        return replace(plan, sessions=options.sessions or 60, departures=ALL_DEPARTURES)
    if options.traces:  # what stays is the same after 10 s as after a minute, and so are its trace and its fingerprint
        return replace(plan, second_look=10.0, twins=TWINS[:1])
    return plan


async def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit status."""
    options, console = arguments(argv), Console()
    if not console.is_terminal:
        console.width = 120  # a log has no width of its own, and 80 columns would cut the table
    try:
        cases = load_all(HERE / ("clean" if options.clean else "cases"), options.only)
    except CaseError as err:
        console.print(str(err), markup=False)
        return 2
    if options.traces:
        cases = [case for case in cases if case.trace]
    if not cases:
        console.print(f"No case is named like {options.only!r}; look into {HERE.name}/.", markup=False)
        return 2
    # Not resolved: a virtual environment's interpreter is a link, and another one without it.
    pythons = tuple(python.absolute() for python in options.python or (OURS,))
    strangers = [str(python) for python in pythons if not os.access(python, os.X_OK)]
    if strangers:
        console.print(f"No interpreter: {', '.join(strangers)}.", markup=False)
        return 2
    plan = plan_of(options, pythons)
    rows = await run_all(cases, options.runs, options.jobs, plan, console)
    show(rows, console)
    console.print(f"Every report and what the doctor said: {plan.reports}", highlight=False, soft_wrap=True)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(to_json(rows), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if totals(rows)["passed"] else 1


async def until_interrupted() -> int:
    """Run the benchmark; SIGINT and SIGTERM cancel it, so that every trial ends what it started."""
    task = asyncio.ensure_future(main())
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has its own Ctrl-C
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(asyncio.run(until_interrupted()))
