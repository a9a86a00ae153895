"""What the runner prints and writes: one line a pair, the totals, and what went wrong."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from leakbench.score import LeakyScore

COLUMNS = ("case", "run", "found", "site", "rate", "of", "trace", "same", "clean", "extra", "leaky s", "clean s")


@dataclass(frozen=True, slots=True)
class Row:
    """A case in one run; `leaky` is None where there is no leaky twin, `alarms` where the clean one was not run."""

    case: str
    kind: str
    run: int
    leaky: LeakyScore | None
    alarms: tuple[str, ...] | None
    seconds_leaky: float
    seconds_clean: float
    problems: tuple[str, ...]
    python: str | None = None

    @property
    def passed(self) -> bool:
        """Tell whether this row is all that it should be."""
        return not self.alarms and (self.leaky is None or (self.leaky.at_site and self.leaky.trace is not False))


def same_fingerprints(rows: Sequence[Row]) -> dict[str, bool | None]:
    """Tell of each case whether all runs that found it gave the same fingerprints; None with fewer than two."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        if row.leaky is not None:
            found.setdefault(row.case, []).extend([row.leaky.fingerprints] if row.leaky.at_site else [])
    return {case: len(set(told)) == 1 if len(told) > 1 else None for case, told in sorted(found.items())}


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of all rows; shares are between 0 and 1."""
    pairs = [row.leaky for row in rows if row.leaky]
    alarms = [row.alarms for row in rows if row.alarms is not None]
    seconds = [row.seconds_leaky + row.seconds_clean for row in rows]
    same = [each for each in same_fingerprints(rows).values() if each is not None]
    return {
        "cases": len({row.case for row in rows}),
        "runs": max((row.run for row in rows), default=0),
        "pythons": sorted({row.python for row in rows if row.python}),
        "recall": _share([score.found for score in pairs]),
        "site_accuracy": _share([score.at_site for score in pairs]),
        "rate_accuracy": _share([score.rate for score in pairs if score.rate is not None]),
        "departure_accuracy": _share([score.departures for score in pairs if score.departures is not None]),
        "trace_accuracy": _share([score.trace for score in pairs if score.trace is not None]),
        "same_fingerprints": _share(same),
        "false_alarms": sum(map(len, alarms)) if alarms else None,
        "extras": sum(len(score.extras) for score in pairs),
        "seconds_median": round(median(seconds), 1) if seconds else 0.0,
        "seconds_max": round(max(seconds, default=0.0), 1),
        "passed": bool(rows) and all(row.passed for row in rows) and all(same),
    }


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, the totals and what was wrong."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("case", "of") else "right", no_wrap=name == "case")
    same = same_fingerprints(rows)
    for row in sorted(rows, key=lambda row: (row.case, row.run)):
        is_same = same.get(row.case)
        table.add_row(*_cells(row, is_same), style=None if row.passed and is_same is not False else "red")
    console.print(table)
    for name, value in totals(rows).items():
        text = f"{value:.1%}" if isinstance(value, float) and not name.startswith("seconds") else str(value)
        text = ", ".join(value) if isinstance(value, list) else text
        console.print(f"{name.replace('_', ' '):>20}  {text}", highlight=False)
    for case in [case for case, is_same in same.items() if is_same is False]:
        told = [f"#{row.run} {' '.join(row.leaky.fingerprints)}" for row in rows if row.case == case and row.leaky]
        console.print(f"{case}: other fingerprints: {'; '.join(told)}", markup=False, highlight=False, soft_wrap=True)
    for row in rows:
        for line in _faults(row):
            console.print(f"{row.case} #{row.run}: {line}", markup=False, highlight=False, soft_wrap=True)


def to_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return all of it as plain data, schema `leakbench/1`."""
    return {
        "schema": "leakbench/1",
        "totals": totals(rows),
        "same_fingerprints": same_fingerprints(rows),
        "rows": [{**asdict(row), "passed": row.passed} for row in rows],
    }


def _cells(row: Row, is_same: bool | None) -> tuple[str, ...]:
    leaky, run = row.leaky, f"{row.run} {row.python or ''}".strip()
    clean = "" if row.alarms is None else str(len(row.alarms))
    seconds = f"{row.seconds_leaky:.0f}", "" if row.alarms is None else f"{row.seconds_clean:.0f}"
    if leaky is None:
        return row.case, run, "", "", "", "", "", "", clean, "", *seconds
    told = "" if leaky.told_rate is None else f"{leaky.told_rate:.2f}"
    of = ",".join(leaky.told_departures) or ("all" if leaky.at_site else "")
    return (
        row.case,
        run,
        _mark(leaky.found),
        _mark(leaky.at_site),
        told + ("" if leaky.rate is not False else " ✗"),
        of + ("" if leaky.departures is not False else " ✗"),
        "" if leaky.trace is None else _mark(leaky.trace),
        "" if is_same is None else _mark(is_same),
        clean,
        str(len(leaky.extras)),
        *seconds,
    )


def _faults(row: Row) -> list[str]:
    lines = [f"problem: {problem}" for problem in row.problems]
    if row.leaky and not row.leaky.at_site:
        lines.append(f"expected {row.kind} not at its line; told: {'; '.join(row.leaky.misses) or 'nothing'}")
    if row.leaky and row.leaky.trace is False:
        lines.append(f"another trace: {row.leaky.told_trace or 'none'}")
    if row.leaky and row.leaky.extras and row.leaky.at_site:
        lines.append(f"also told: {'; '.join(row.leaky.extras)}")
    if row.alarms:
        lines.append(f"false alarms: {'; '.join(row.alarms)}")
    return lines


def _mark(good: bool) -> str:
    return "✓" if good else "✗"


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
