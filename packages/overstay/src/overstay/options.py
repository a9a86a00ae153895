"""The command line, read into one frozen dataclass a command.

argparse finds the options; everything it would say is said by the catalogue instead.
"""

import argparse
import difflib
import errno
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from overstay.errors import UsageError
from overstay.messages import LANGUAGES, Language, language_of_locale
from overstay.usage import COMMANDS, FLAGS, LANG
from overstay.visits.departure import Departure
from overstay.visits.destination import Destination


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """overstay demo."""

    language: Language
    json: Path | None = None


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """overstay doctor: what to visit, how, and how long to wait before judging; times are seconds.

    `checks_project` is false where no project was named: the folder that a command is started in may be anything.
    """

    language: Language
    project: Path = Path()
    url: str | None = None
    command: tuple[str, ...] = ()
    visit: Path | None = None
    sessions: int = 40
    departures: tuple[Departure, ...] = tuple(Departure)
    settle: float = 10.0
    second_look: float = 60.0
    max_pause: float = 100.0
    json: Path | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    insecure: bool = False
    concurrency: int = 4
    start_timeout: float = 30.0
    pid: int | None = None
    probes_llm: bool = False
    checks_project: bool = False


@dataclass(frozen=True, slots=True)
class RunOptions:
    """overstay run."""

    language: Language
    command: tuple[str, ...]
    project: Path = Path()
    closely: bool = False
    settle: float = 10.0
    second_look: float = 60.0
    json: Path | None = None


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """overstay compare."""

    language: Language
    before: Path
    after: Path


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """overstay scan: a folder or one file."""

    language: Language
    path: Path = Path()
    json: Path | None = None
    sarif: Path | None = None
    hints: bool = False
    diff: bool = False
    fix: bool = False


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """overstay explain."""

    language: Language
    rule: str


@dataclass(frozen=True, slots=True)
class HelpOptions:
    """overstay --help, or COMMAND --help; `asked` is false when nothing at all was given."""

    language: Language
    command: str | None = None
    asked: bool = True


@dataclass(frozen=True, slots=True)
class VersionOptions:
    """overstay --version."""

    language: Language


Options = (
    DemoOptions
    | DoctorOptions
    | RunOptions
    | CompareOptions
    | ScanOptions
    | ExplainOptions
    | HelpOptions
    | VersionOptions
)


def parse(argv: Sequence[str]) -> Options:
    """Return what the command line asks for; raises UsageError with the sentence that puts it right."""
    if argv and argv[-1] == "--" and "--" not in argv[:-1]:
        raise UsageError("usage.command-unfinished")
    words, command = _split(argv)
    words, language = _without_language(words)
    if not words:
        return HelpOptions(language, asked=False)
    name = words[0]
    if name in ("--help", "-h", "help"):
        return HelpOptions(language, next((word for word in words[1:] if word in COMMANDS), None))
    if name == "--version":
        return VersionOptions(language)
    if name not in COMMANDS:
        _refuse_command(name)
    if {"--help", "-h"} & set(words[1:]):
        return HelpOptions(language, name)
    values, rest = _values(name, words[1:])
    return _READERS[name](language, values, rest, command)


def language_of(argv: Sequence[str]) -> Language:
    """Return the language to answer in, whatever else is wrong with the command line."""
    try:
        return _without_language(_split(argv)[0])[1]
    except UsageError:
        return language_of_locale()


def _split(argv: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return our own words and the server's command, which begins after the first two dashes."""
    words = list(argv)
    if "--" not in words:
        return words, ()
    dashes = words.index("--")
    return words[:dashes], tuple(words[dashes + 1 :])


def _without_language(words: Sequence[str]) -> tuple[list[str], Language]:
    """Return the words without --lang, which may stand anywhere, and the language."""
    language: Language = language_of_locale()
    rest: list[str] = []
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if name != LANG.name:
            rest.append(word)
            continue
        chosen = value if equals else next(left, None)
        if chosen is None:
            raise UsageError("usage.missing-value", option=LANG.name, metavar=LANG.metavar)
        if chosen not in LANGUAGES:
            raise UsageError("usage.unknown-language", value=chosen)
        language = chosen
    return rest, language


def _refuse_command(name: str) -> NoReturn:
    slug = "usage.unknown-flag" if name.startswith("-") else "usage.unknown-command"
    raise UsageError(slug, command=name, known=", ".join(COMMANDS), **_hint(name, COMMANDS, None))


def _hint(word: str, known: Sequence[str], command: str | None) -> dict[str, object]:
    """Return the right spelling, if one is near, else where to look."""
    near = difflib.get_close_matches(word, known, 1)
    if near:
        return {"hint": "usage.did-you-mean", "guess": near[0]}
    return {"hint": "usage.see-help", "name": command} if command else {"hint": "usage.see-overview"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # Every mistake that argparse can tell of is either raised as ArgumentError or left over; see _values.
        raise AssertionError(message)


def _values(command: str, words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the options' values, still as text, and the words that belong to none of them."""
    parser = _Parser(prog=command, add_help=False, allow_abbrev=False, exit_on_error=False)
    flags = {flag.name: flag for flag in FLAGS[command]}
    for flag in flags.values():
        how: dict[str, Any] = {"action": "append", "default": []} if flag.repeatable else {"default": None}
        parser.add_argument(flag.name, **(how if flag.metavar else {"action": "store_true"}))
    try:
        values, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as err:
        flag = flags[str(err.argument_name)]
        slug = "usage.missing-value" if flag.metavar else "usage.takes-no-value"
        raise UsageError(slug, option=flag.name, metavar=flag.metavar) from err
    for word in rest:
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            raise UsageError("usage.unknown-option", command=command, option=name, **_hint(name, list(flags), command))
    return values, rest


def _read_demo(language: Language, values: argparse.Namespace, rest: list[str], command: tuple[str, ...]) -> Options:
    _require_no_more("demo", [*rest, *command])
    return DemoOptions(language, _report_file(values))


def _read_doctor(language: Language, values: argparse.Namespace, rest: list[str], command: tuple[str, ...]) -> Options:
    if not (rest or values.url or command or values.pid):
        raise UsageError("usage.needs-something")
    # The destination checks them; without --url any server stands in for the one that is found later.
    carried = Destination.of(
        values.url or "http://localhost/", headers=values.header, cookies=values.cookie, subprotocols=values.subprotocol
    )
    return DoctorOptions(
        language=language,
        project=_project("doctor", rest),
        url=values.url,
        command=command,
        visit=Path(values.visit) if values.visit is not None else None,
        sessions=int(_number(values, "--sessions", least=1, whole=True)),
        departures=_departures(values.departures),
        settle=_number(values, "--settle", least=0),
        second_look=_number(values, "--second-look", least=0),
        max_pause=_number(values, "--max-pause", least=0),
        json=_report_file(values),
        headers=carried.headers,
        cookies=carried.cookies,
        subprotocols=carried.subprotocols,
        insecure=values.insecure,
        concurrency=int(_number(values, "--concurrency", least=1, whole=True)),
        start_timeout=_number(values, "--start-timeout", least=0),
        pid=_pid(values),
        probes_llm=values.probe_llm,
        checks_project=bool(rest),
    )


def _read_run(language: Language, values: argparse.Namespace, rest: list[str], command: tuple[str, ...]) -> Options:
    if rest and not command:
        raise UsageError("usage.before-dashes", command="run", value=" ".join(rest))
    if not command:
        raise UsageError("usage.needs-command")
    return RunOptions(
        language=language,
        command=command,
        project=_project("run", rest),
        closely=values.closely,
        settle=_number(values, "--settle", least=0),
        second_look=_number(values, "--second-look", least=0),
        json=_report_file(values),
    )


def _read_compare(language: Language, _values: argparse.Namespace, rest: list[str], more: tuple[str, ...]) -> Options:
    files = [*rest, *more]
    if len(files) < 2:
        raise UsageError("usage.needs-two-reports")
    _require_no_more("compare", files[2:])
    return CompareOptions(language, Path(files[0]), Path(files[1]))


def _read_scan(language: Language, values: argparse.Namespace, rest: list[str], more: tuple[str, ...]) -> Options:
    words = [*rest, *more]
    _require_no_more("scan", words[1:])
    path = Path(words[0]) if words else Path()
    if not path.exists():
        raise UsageError("usage.nothing-there", value=path)
    return ScanOptions(
        language,
        path,
        _report_file(values),
        _report_file(values, "sarif"),
        hints=values.hints,
        diff=values.diff,
        fix=values.fix,
    )


def _read_explain(language: Language, _values: argparse.Namespace, rest: list[str], more: tuple[str, ...]) -> Options:
    words = [*rest, *more]
    if not words:
        raise UsageError("usage.needs-rule")
    _require_no_more("explain", words[1:])
    return ExplainOptions(language, words[0])


_READERS: dict[str, Callable[[Language, argparse.Namespace, list[str], tuple[str, ...]], Options]] = {
    "demo": _read_demo,
    "doctor": _read_doctor,
    "run": _read_run,
    "compare": _read_compare,
    "scan": _read_scan,
    "explain": _read_explain,
}


def _require_no_more(command: str, words: Sequence[str]) -> None:
    if words:
        raise UsageError("usage.unexpected", command=command, value=words[0], **_hint("", (), command))


def _project(command: str, rest: list[str]) -> Path:
    """Return the project's folder, the working directory where none is named."""
    _require_no_more(command, rest[1:])
    project = Path(rest[0]) if rest else Path()
    if not project.is_dir():
        raise UsageError("usage.not-a-folder", value=project)
    return project


def _number(values: argparse.Namespace, name: str, *, least: float, whole: bool = False) -> float:
    flag = next(flag for flag in FLAGS["doctor"] if flag.name == name)
    given = getattr(values, flag.key.replace("-", "_"))
    text = str(flag.default if given is None else given)
    try:
        number: float = int(text) if whole else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError("usage.not-a-number", option=name, value=text, example=flag.default)
    if number < least:
        raise UsageError("usage.too-small", option=name, value=text, least=int(least))
    return number


def _pid(values: argparse.Namespace) -> int | None:
    """Return the process's number; whether there is one is for those who look at it to say."""
    if values.pid is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", values.pid):
        raise UsageError("usage.not-a-number", option="--pid", value=values.pid, example=4711)
    return int(values.pid)


def _departures(text: str | None) -> tuple[Departure, ...]:
    if text is None:
        return tuple(Departure)
    known = ", ".join(Departure)
    chosen: dict[Departure, None] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        if word not in list(Departure):
            raise UsageError("usage.unknown-departure", value=word, known=known)
        chosen[Departure(word)] = None
    if not chosen:
        raise UsageError("usage.no-departures", known=known)
    return tuple(chosen)


def _report_file(values: argparse.Namespace, option: str = "json") -> Path | None:
    """Return the file for the report; told now that it cannot be written, the user loses no run."""
    given = getattr(values, option)
    if given is None:
        return None
    path = Path(given)
    if not path.parent.is_dir():
        raise UsageError("report.no-folder", path=path, folder=path.parent)
    if path.is_dir():
        raise UsageError("report.not-written", path=path, reason=os.strerror(errno.EISDIR))
    return path
