"""The plain data that judges write and renderers read; `to_json` gives the schema `overstay/1`.

Shapes and units: rates are holdings per session (0.0 upward), `low` and `high` a 95 % Wilson interval of the share of
sessions that left something, scaled to the rate; times are seconds unless a name ends in `_ms`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

SCHEMA = "overstay/1"
ENOUGH_SESSIONS = 20
"""Watched sessions from which on a server that nobody visits may be called clean; of a leak in every tenth, 7 in 8 show
then."""

Verdict = Literal[
    "leak", "likely", "bounded", "one-off", "late", "time-driven", "cycle-pressure", "native", "inconclusive"
]
Severity = Literal["severe", "warning", "fine"]
RunVerdict = Literal["leak", "slower", "clean", "inconclusive", "invalid"]
Status = Literal["fine", "warning", "severe", "does-not-apply", "not-checked"]

SEVERITY_OF: Mapping[Verdict, Severity] = {
    "leak": "severe",
    "likely": "warning",
    "inconclusive": "warning",
    "bounded": "fine",
    "one-off": "fine",
    "late": "fine",
    "time-driven": "warning",
    "cycle-pressure": "fine",
    "native": "warning",
}


@dataclass(frozen=True, slots=True)
class Site:
    """The line that acquired a holding; `library` is "name version" when no application frame was on the stack."""

    file: str
    line: int
    function: str
    code: str = ""
    library: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often: `left` holdings of `sessions` sessions; `of` names the departures, empty when all of them do it.

    `per_message` is the growth of a container by the messages that the visits sent, which differ with the departure.
    """

    per_session: float
    low: float
    high: float
    left: int
    sessions: int
    of: tuple[str, ...] = ()
    per_message: float | None = None


@dataclass(frozen=True, slots=True)
class AffectsYou:
    """Whether the finding's code runs for this user: an answer and the reason for it."""

    answer: Literal["yes", "no", "unknown"]
    why: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to change: one paragraph, and a unified diff where the change is mechanical."""

    summary: str
    diff: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """One step of a trace, in the words a developer writes; the owner is the one that should not be there."""

    reference: str
    owner: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict about one fingerprint."""

    fingerprint: str
    rule: str
    kind: str
    verdict: Verdict
    severity: Severity
    title: str
    rate: Rate | None
    site: Site | None
    fix: Fix
    suspect: int | None = None
    stack: tuple[Site, ...] = ()
    trace: tuple[Reference, ...] = ()
    evidence: tuple[str, ...] = ()
    affects_you: AffectsYou = field(default_factory=lambda: AffectsYou("yes", ""))


@dataclass(frozen=True, slots=True)
class Result:
    """What a project check says about one item of the checklist.

    `about` names what was looked at, and is the same in the next run; the title may have figures that are not.
    """

    check: str
    item: str
    status: Status
    title: str
    about: str = ""
    details: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    fix: Fix | None = None
    site: Site | None = None
    suspect: int | None = None

    @property
    def is_problem(self) -> bool:
        """Tell whether something is to be fixed."""
        return self.status in ("warning", "severe")


@dataclass(frozen=True, slots=True)
class NotExercised:
    """A departure that no visit could make, and why."""

    departure: str
    why: str


@dataclass(frozen=True, slots=True)
class Target:
    """What was looked at; `inside` is false when no process of it carried the probe."""

    command: tuple[str, ...]
    url: str | None
    python: str | None
    servers: tuple[str, ...]
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """What was done to it."""

    visits: int
    sessions: int
    departures: Mapping[str, int]
    not_exercised: tuple[NotExercised, ...]
    duration_s: float
    canaries: Mapping[str, str]
    notes: tuple[str, ...] = ()
    sessions_per_worker: Mapping[str, int] = field(default_factory=dict)
    settle_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Trend:
    """A latency against the session number, in milliseconds; `low` and `high` bound the slope per 100 sessions."""

    first_fifth: float
    last_fifth: float
    per_100_sessions: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Other programs took more of the machine's CPUs with time: their share at first and in the end, 0 to 1."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How fast the server answered; None where nothing was measured, and where nothing disturbed it."""

    connect_ms: Trend | None = None
    first_reply_ms: Trend | None = None
    loop_lag_ms: Mapping[str, float] | None = None
    disturbance: Disturbance | None = None


@dataclass(frozen=True, slots=True)
class SelfCost:
    """What the probe itself took: share of the server's CPU, memory of its own code, longest pause."""

    cpu_share: float = 0.0
    rss_mb: float = 0.0
    census_pause_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Unread:
    """A file of the project that the scan could not read, and why."""

    file: str
    why: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What the static scan read."""

    files: int
    lines: int
    seconds: float
    skipped: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run found out; `kept` is what is held within bounds, or once for all: no finding.

    What a check found wrong is in `checks`, and among the findings, too.
    """

    verdict: RunVerdict
    target: Target
    run: Run
    latency: Latency
    findings: tuple[Finding, ...]
    kept: tuple[Finding, ...] = ()
    counters: Mapping[str, object] = field(default_factory=dict)
    self_cost: SelfCost = field(default_factory=SelfCost)
    checks: tuple[Result, ...] = ()
    scan: Scan | None = None

    @property
    def is_of_project(self) -> bool:
        """Tell whether only a project was looked at, and no server."""
        return bool(self.checks) and not self.run.visits and not self.target.command and self.target.url is None

    @property
    def exit_status(self) -> int:
        """Return the status of the command line: 0 clean, 1 findings, 3 inconclusive or invalid."""
        if self.verdict == "invalid":
            return 3
        if any(finding.severity != "fine" and finding.verdict != "inconclusive" for finding in self.findings):
            return 1
        return 3 if self.verdict == "inconclusive" else 0

    def to_json(self) -> dict[str, object]:
        """Return the report as the schema `overstay/1` has it."""
        plain = asdict(self)
        plain["self"] = plain.pop("self_cost")
        return {"schema": SCHEMA, **plain}

    def with_note(self, note: str) -> "Report":
        """Return the report with one more note about the run."""
        return replace(self, run=replace(self.run, notes=(*self.run.notes, note)))
