"""The command line, read into one frozen dataclass a command.

argparse finds the options; everything it would say is said by the catalogue instead: its own sentences are English only,
its help breaks lines by characters, of which Chinese ones are two cells wide.
"""

import argparse
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from overstay.errors import UsageError
from overstay.messages import LANGUAGES, Language, language_of_locale
from overstay.visits.departure import Departure
from overstay.visits.destination import Destination

COMMANDS = ("demo", "doctor", "run", "compare")
LATER = ("scan", "watch", "explain")
"""Commands of the design that this version does not have yet."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """overstay demo."""

    language: Language
    json: Path | None = None


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """overstay doctor: what to visit, how, and how long to wait before judging; times are seconds."""

    language: Language
    project: Path | None = None
    url: str | None = None
    command: tuple[str, ...] = ()
    visit: Path | None = None
    sessions: int = 40
    departures: tuple[Departure, ...] = tuple(Departure)
    settle: float = 10.0
    second_look: float = 60.0
    json: Path | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    insecure: bool = False
    concurrency: int = 4
    start_timeout: float = 30.0

    def destination(self, url: str) -> Destination:
        """Return where the visits go, with all that every request carries."""
        return Destination(url, self.headers, self.cookies, self.subprotocols, self.insecure)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """overstay run."""

    language: Language
    command: tuple[str, ...]
    json: Path | None = None


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """overstay compare."""

    language: Language
    before: Path
    after: Path


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


Options = DemoOptions | DoctorOptions | RunOptions | CompareOptions | HelpOptions | VersionOptions


@dataclass(frozen=True, slots=True)
class Flag:
    """One option: `metavar` is None where it takes no value, `default` what the help shows."""

    name: str
    metavar: str | None = None
    default: str | None = None
    repeatable: bool = False

    @property
    def destination(self) -> str:
        """Return the name of its value."""
        return self.name.removeprefix("--").replace("-", "_")


_LANG = Flag("--lang", "en|zh")
_JSON = Flag("--json", "FILE")
FLAGS: dict[str, tuple[Flag, ...]] = {
    "demo": (_JSON, _LANG),
    "doctor": (
        Flag("--url", "URL"),
        Flag("--visit", "FILE"),
        Flag("--sessions", "N", "40"),
        Flag("--departures", "LIST"),
        Flag("--settle", "S", "10"),
        Flag("--second-look", "S", "60"),
        Flag("--start-timeout", "S", "30"),
        Flag("--concurrency", "N", "4"),
        Flag("--header", '"NAME: VALUE"', repeatable=True),
        Flag("--cookie", "NAME=VALUE", repeatable=True),
        Flag("--subprotocol", "NAME", repeatable=True),
        Flag("--insecure"),
        _JSON,
        _LANG,
    ),
    "run": (_JSON, _LANG),
    "compare": (_LANG,),
}
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "demo": (),
    "doctor": ("project", "command"),
    "run": ("command",),
    "compare": ("before", "after"),
}


def parse(argv: Sequence[str]) -> Options:
    """Return what the command line asks for; raises UsageError with the sentence that puts it right."""
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
        if name != _LANG.name:
            rest.append(word)
            continue
        chosen = value if equals else next(left, None)
        if chosen is None:
            raise UsageError("usage.missing-value", option=_LANG.name, metavar=_LANG.metavar)
        if chosen not in LANGUAGES:
            raise UsageError("usage.unknown-language", value=chosen)
        language = chosen  # type: ignore[assignment]  # it is one of LANGUAGES, which mypy does not narrow by
    return rest, language


def _refuse_command(name: str) -> NoReturn:
    if name in LATER:
        raise UsageError("usage.not-available", command=name, known=", ".join(COMMANDS))
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
    if not (rest or values.url or command):
        raise UsageError("usage.needs-something")
    project = Path(rest[0]) if rest else None
    if project is not None and not project.is_dir():
        raise UsageError("usage.not-a-folder", value=project)
    _require_no_more("doctor", rest[1:])
    # The destination checks them; without --url any server stands in for the one that is found later.
    carried = Destination.of(
        values.url or "http://localhost/", headers=values.header, cookies=values.cookie, subprotocols=values.subprotocol
    )
    return DoctorOptions(
        language=language,
        project=project,
        url=values.url,
        command=command,
        visit=Path(values.visit) if values.visit is not None else None,
        sessions=int(_number(values, "--sessions", least=1, whole=True)),
        departures=_departures(values.departures),
        settle=_number(values, "--settle", least=0),
        second_look=_number(values, "--second-look", least=0),
        json=_report_file(values),
        headers=carried.headers,
        cookies=carried.cookies,
        subprotocols=carried.subprotocols,
        insecure=values.insecure,
        concurrency=int(_number(values, "--concurrency", least=1, whole=True)),
        start_timeout=_number(values, "--start-timeout", least=0),
    )


def _read_run(language: Language, values: argparse.Namespace, rest: list[str], command: tuple[str, ...]) -> Options:
    if rest and not command:
        raise UsageError("usage.before-dashes", command="run", value=" ".join(rest))
    _require_no_more("run", rest)
    if not command:
        raise UsageError("usage.needs-command")
    return RunOptions(language, command, _report_file(values))


def _read_compare(language: Language, _values: argparse.Namespace, rest: list[str], more: tuple[str, ...]) -> Options:
    files = [*rest, *more]
    if len(files) < 2:
        raise UsageError("usage.needs-two-reports")
    _require_no_more("compare", files[2:])
    return CompareOptions(language, Path(files[0]), Path(files[1]))


_READERS: dict[str, Callable[[Language, argparse.Namespace, list[str], tuple[str, ...]], Options]] = {
    "demo": _read_demo,
    "doctor": _read_doctor,
    "run": _read_run,
    "compare": _read_compare,
}


def _require_no_more(command: str, words: Sequence[str]) -> None:
    if words:
        raise UsageError("usage.unexpected", command=command, value=words[0], **_hint("", (), command))


def _number(values: argparse.Namespace, name: str, *, least: float, whole: bool = False) -> float:
    flag = next(flag for flag in FLAGS["doctor"] if flag.name == name)
    text = getattr(values, flag.destination)
    text = flag.default if text is None else text
    try:
        number: float = int(text) if whole else float(text)
    except ValueError as err:
        raise UsageError("usage.not-a-number", option=name, value=text, example=flag.default) from err
    if number != number or number == float("inf"):
        raise UsageError("usage.not-a-number", option=name, value=text, example=flag.default)
    if number < least:
        raise UsageError("usage.too-small", option=name, value=text, least=int(least))
    return number


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


def _report_file(values: argparse.Namespace) -> Path | None:
    """Return the file for the report; told now that it cannot be written, the user loses no run."""
    if values.json is None:
        return None
    path = Path(values.json)
    if not path.parent.is_dir():
        raise UsageError("report.no-folder", path=path, folder=path.parent)
    return path
