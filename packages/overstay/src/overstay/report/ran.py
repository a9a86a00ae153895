"""The last lines of a report: what ran, what it counted, and what the probe took."""

from collections.abc import Mapping

from rich.cells import cell_len

from overstay.findings import Report
from overstay.messages import Speaker
from overstay.report.figures import figure, signed
from overstay.report.sheet import Sheet

_COUNTERS = ("fds", "threads", "children", "rss")
_MEGABYTE = 1e6


def write_ran(report: Report, say: Speaker, sheet: Sheet) -> None:
    """Write what was visited and how, the server's counters, the probe's own cost, and the notes."""
    rows = [(say(f"screen.{label}"), text) for label, text in _rows(report, say) if text]
    width = max(cell_len(label) for label, _ in rows) + 2
    sheet.paragraph(say("screen.ran"), style="bold")
    for label, text in rows:
        sheet.row(label, text, width=width)


def _rows(report: Report, say: Speaker) -> list[tuple[str, str]]:
    run, comma = report.run, say("list.comma")
    rows = [("target", _target(report, say)), ("visits", _visits(report, say))]
    for missed in run.not_exercised:
        why = say(missed.why) if say.knows(missed.why) else missed.why
        rows.append(("not-exercised", say("screen.not-exercised-is", departure=missed.departure, why=why)))
    if len(run.sessions_per_worker) > 1:
        rows.append(("workers", comma.join(f"{worker}: {n}" for worker, n in run.sessions_per_worker.items())))
    rows += [("counters", comma.join(_counters(report.counters, say))), ("probe", _probe(report, say))]
    return rows + [("note", note) for note in run.notes]


def _target(report: Report, say: Speaker) -> str:
    target = report.target
    parts = [*target.servers, f"Python {target.python}" if target.python else "", target.url or ""]
    if not target.inside:
        parts.append(say("screen.outside"))
    return say("list.comma").join(part for part in parts if part) or " ".join(target.command)


def _visits(report: Report, say: Speaker) -> str:
    run = report.run
    made = say("screen.visits-are", visits=run.visits, sessions=run.sessions, seconds=figure(run.duration_s))
    ways = say("list.comma").join(f"{name} {count}" for name, count in run.departures.items() if count)
    return f"{made}{say('list.colon')}{ways}" if ways else made


def _counters(counters: Mapping[str, object], say: Speaker) -> list[str]:
    """Return each counter's first and last value; the first that grows says what its figure in brackets is."""
    texts: list[str] = []
    is_named = False
    for name in _COUNTERS:
        counted = counters.get(name)
        if not isinstance(counted, Mapping):
            continue
        unit = _MEGABYTE if name == "rss" else 1
        first, last, each = (counted[key] / unit for key in ("first", "last", "per_session"))
        values = {"name": say(f"screen.counter-{name}"), "first": figure(first), "last": _with_unit(name, last, say)}
        if counted["growth"] != "per-session":
            texts.append(say("screen.counter-is", **values))
            continue
        change = signed(each)
        texts.append(
            say("screen.counter-grows", **values, each=change if is_named else say("screen.per-session", each=change))
        )
        is_named = True
    return texts


def _with_unit(name: str, value: float, say: Speaker) -> str:
    return say("screen.megabytes", n=figure(value)) if name == "rss" else figure(value)


def _probe(report: Report, say: Speaker) -> str:
    """Return what the probe took, and whether it found what was planted for it."""
    own = report.self_cost
    cost = {"cpu": figure(100 * own.cpu_share), "rss": figure(own.rss_mb), "pause": figure(own.census_pause_ms)}
    texts = [say("screen.probe-cost", **cost)] if report.target.inside else []
    return say("list.semicolon").join([*texts, *_canaries(report.run.canaries, say)])


def _canaries(canaries: Mapping[str, str], say: Speaker) -> list[str]:
    if not canaries:
        return [say("screen.canaries-none")]
    missed = [kind for kind, state in canaries.items() if state != "found"]
    texts = [say("screen.canaries-found", n=len(canaries) - len(missed), total=len(canaries))]
    if missed:
        kinds = (say(f"kind.{kind}") if say.knows(f"kind.{kind}") else kind for kind in missed)
        texts.append(say("screen.canaries-missed", kinds=say("list.comma").join(kinds)))
    return texts
