"""A case: what to run, what must be found, and the proof that its twins are twins."""

import difflib
import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Twin = Literal["leaky", "clean"]
TWINS: tuple[Twin, Twin] = ("leaky", "clean")
KINDS = frozenset(
    {
        *("task", "timer", "thread", "job", "process", "file", "socket", "descriptor", "session"),
        *("latency", "object", "container", "none"),
    }
)


class CaseError(Exception):
    """A case folder that cannot be used as it is."""


@dataclass(frozen=True, slots=True)
class SiteRule:
    """Which lines are a right answer: those of `files` that contain `marker`."""

    files: tuple[str, ...]
    marker: str = "# site"
    library: str | None = None


@dataclass(frozen=True, slots=True)
class TraceRule:
    """What keeps a thing in memory: for each part the shapes that are right; none where nothing is expected."""

    root: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.root or self.owner or self.last)


@dataclass(frozen=True, slots=True)
class Measure:
    """An expression that `truth.py` has evaluated inside the server's module, and for a cache what it must come to."""

    expression: str = ""
    full: int | None = None


@dataclass(frozen=True, slots=True)
class Arguments:
    """What one twin is run with, words such as `{port}` not yet replaced."""

    command: tuple[str, ...]
    url: str
    doctor: tuple[str, ...]
    env: Mapping[str, str]

    def replaced(self, words: Mapping[str, str]) -> "Arguments":
        """Return the arguments with every `{word}` replaced; other braces stay as they are."""
        return Arguments(
            command=replaced(self.command, words),
            url=replaced([self.url], words)[0],
            doctor=replaced(self.doctor, words),
            env={name: replaced([value], words)[0] for name, value in self.env.items()},
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One folder of `cases/`, or of `clean/` (then `kind` is "none" and there is only a clean twin)."""

    folder: Path
    title: str
    kind: str
    rule: str | None
    verdicts: tuple[str, ...]
    per_session: float | None
    per_message: float | None
    departures: frozenset[str]
    site: SiteRule
    arguments: Mapping[Twin, Arguments]
    beside: tuple[str, ...] = ()
    bound: int = 1
    requirements: Mapping[Twin, Path] = field(default_factory=dict)
    trace: TraceRule = TraceRule()
    measure: Measure = Measure()

    @property
    def name(self) -> str:
        """Return the folder's name."""
        return self.folder.name

    @property
    def visit(self) -> Path | None:
        """Return the visit file, if the case has one."""
        path = self.folder / "visit.py"
        return path if path.is_file() else None


def replaced(texts: Sequence[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Return the texts with every `{word}` replaced."""
    result = []
    for text in texts:
        for word, value in words.items():
            text = text.replace("{" + word + "}", value)  # noqa: PLW2901 - one word after the other
        result.append(text)
    return tuple(result)


def load(folder: Path) -> Case:
    """Read a case folder. Raises `CaseError` for a wrong description and for twins that are no twins."""
    try:
        told = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
        case = _described(folder, told)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as err:
        raise CaseError(f"{folder.name}: case.toml cannot be used: {err!r}") from err
    if case.kind not in KINDS:
        raise CaseError(f"{folder.name}: no such kind: {case.kind!r}")
    if case.kind != "none":
        _check_twins(case)
    return case


def load_all(folder: Path, pattern: str = "*") -> list[Case]:
    """Read the cases below a folder whose names match, by name; the others are not even looked at."""
    paths = sorted(folder.glob("*/case.toml"))
    return [load(path.parent) for path in paths if fnmatch.fnmatch(path.parent.name, pattern)]


def _described(folder: Path, told: Mapping[str, Any]) -> Case:
    verdict = told.get("verdict", "leak")
    site = told.get("site", {})
    requirements: dict[Twin, Path] = {}
    for twin in TWINS:
        path = folder / f"requirements-{twin}.txt"
        if path.is_file():
            requirements[twin] = path
    return Case(
        folder=folder,
        title=told["title"],
        kind=told.get("kind", "none"),
        rule=told.get("rule"),
        verdicts=(verdict,) if isinstance(verdict, str) else tuple(verdict),
        per_session=told.get("per_session"),
        per_message=told.get("per_message"),
        departures=frozenset(told.get("departures", ())),
        site=SiteRule(
            files=tuple(site["any_of"]) if "any_of" in site else (site.get("file", "leaky.py"),),
            marker=site.get("marker", "# site"),
            library=site.get("library"),
        ),
        arguments={twin: _arguments(told, told.get(twin, {})) for twin in TWINS},
        beside=tuple(told.get("beside", {}).get("command", ())),
        bound=told.get("bound", 1),
        requirements=requirements,
        trace=TraceRule(**{part: _shapes(shape) for part, shape in told.get("trace", {}).items()}),
        measure=Measure(**told.get("measure", {})),
    )


def _shapes(told: str | Sequence[str]) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else tuple(told)


def _arguments(told: Mapping[str, Any], own: Mapping[str, Any]) -> Arguments:
    return Arguments(
        command=tuple(own.get("command", told["command"])),
        url=own.get("url", told["url"]),
        doctor=tuple(own.get("doctor", told.get("doctor", ()))),
        env={**told.get("env", {}), **own.get("env", {})},
    )


def _check_twins(case: Case) -> None:
    leaky, clean = case.folder / "leaky.py", case.folder / "clean.py"
    if leaky.is_file() and clean.is_file():
        apart = lines_apart(leaky.read_text(encoding="utf-8"), clean.read_text(encoding="utf-8"))
        if apart > case.bound:
            raise CaseError(f"{case.name}: the twins are {apart} lines apart, {case.bound} is the bound")
        if apart == 0:
            raise CaseError(f"{case.name}: leaky.py and clean.py are the same")
    elif len(case.requirements) != len(TWINS) and case.arguments["leaky"] == case.arguments["clean"]:
        raise CaseError(f"{case.name}: nothing tells the twins apart")


def lines_apart(leaky: str, clean: str) -> int:
    """Return how many lines were changed, added or removed between two texts."""
    matcher = difflib.SequenceMatcher(None, leaky.splitlines(), clean.splitlines(), autojunk=False)
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal")
