"""What the command line has: its commands, arguments and flags, and the help that says so.

The help is not argparse's: that is English only, and breaks lines by characters, of which Chinese ones are two
cells wide.
"""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console

from overstay.messages import Speaker
from overstay.report.sheet import Sheet
from overstay.visits.departure import Departure

COMMANDS = ("demo", "doctor", "run", "compare", "scan", "explain")


@dataclass(frozen=True, slots=True)
class Flag:
    """One option; `metavar` is None where it takes no value, `default` is as the help shows it."""

    name: str
    metavar: str | None = None
    default: str | None = None
    repeatable: bool = False

    @property
    def key(self) -> str:
        """Return the flag without its dashes."""
        return self.name.removeprefix("--")


LANG = Flag("--lang", "en|zh")
_JSON = Flag("--json", "FILE")
_SETTLE = Flag("--settle", "S", "10")
_SECOND_LOOK = Flag("--second-look", "S", "60")
_MAX_PAUSE = Flag("--max-pause", "MS", "100")
FLAGS: dict[str, tuple[Flag, ...]] = {
    "demo": (_JSON, LANG),
    "doctor": (
        Flag("--url", "URL"),
        Flag("--visit", "FILE"),
        Flag("--sessions", "N", "40"),
        Flag("--departures", "LIST"),
        _SETTLE,
        _SECOND_LOOK,
        _MAX_PAUSE,
        Flag("--concurrency", "N", "4"),
        Flag("--start-timeout", "S", "30"),
        Flag("--pid", "N"),
        Flag("--probe-llm"),
        Flag("--header", '"NAME: VALUE"', repeatable=True),
        Flag("--cookie", "NAME=VALUE", repeatable=True),
        Flag("--subprotocol", "NAME", repeatable=True),
        Flag("--insecure"),
        _JSON,
        LANG,
    ),
    "run": (Flag("--closely"), _SETTLE, _SECOND_LOOK, _JSON, LANG),
    "compare": (LANG,),
    "scan": (_JSON, Flag("--sarif", "FILE"), Flag("--hints"), Flag("--diff"), Flag("--fix"), LANG),
    "explain": (LANG,),
}
_SYNOPSIS = {
    "demo": "overstay demo [--json FILE] [--lang en|zh]",
    "doctor": "overstay doctor [PROJECT] [--url URL] [OPTIONS] [-- COMMAND ...]",
    "run": "overstay run [PROJECT] [OPTIONS] -- COMMAND ...",
    "compare": "overstay compare BEFORE AFTER [--lang en|zh]",
    "scan": "overstay scan [PATH] [OPTIONS]",
    "explain": "overstay explain RULE [--lang en|zh]",
}
_ARGUMENTS = {
    "demo": (),
    "doctor": ("project", "command"),
    "run": ("project", "command"),
    "compare": ("before", "after"),
    "scan": ("path",),
    "explain": ("rule",),
}
_EXAMPLES = {
    "demo": ("overstay demo",),
    "doctor": (
        "overstay doctor --url ws://127.0.0.1:8000/ws -- uvicorn app:app --port 8000",
        "overstay doctor .",
        "overstay doctor --url http://127.0.0.1:8000/events --departures reset",
    ),
    "run": ("overstay run -- python run_server.py",),
    "compare": ("overstay compare before.json after.json",),
    "scan": ("overstay scan", "overstay scan --sarif overstay.sarif"),
    "explain": ("overstay explain task-without-owner",),
}


def write_overview(say: Speaker, console: Console) -> None:
    """Write what overstay is and which commands it has."""
    sheet = Sheet(console)
    sheet.paragraph("overstay COMMAND [OPTIONS]", first=f"{say('help.usage')}{say('list.colon')}")
    sheet.blank()
    sheet.paragraph(say("help.about"))
    _write_rows(say("help.commands"), [(name, say(f"help.{name}.about")) for name in COMMANDS], sheet)
    options = [
        ("--lang en|zh", say("help.option.lang")),
        ("--help", say("help.help")),
        ("--version", say("help.version")),
    ]
    _write_rows(say("help.options"), options, sheet)
    _write_lines(say("help.examples"), _EXAMPLES["demo"] + _EXAMPLES["doctor"][:1] + _EXAMPLES["compare"], sheet)
    sheet.blank()
    sheet.paragraph(say("help.more"))


def write_help(command: str, say: Speaker, console: Console) -> None:
    """Write what one command does and all that it takes."""
    sheet = Sheet(console)
    sheet.paragraph(_SYNOPSIS[command], first=f"{say('help.usage')}{say('list.colon')}")
    sheet.blank()
    sheet.paragraph(say(f"help.{command}.about"))
    arguments = [(name.upper(), say(f"help.argument.{name}")) for name in _ARGUMENTS[command]]
    if arguments:
        _write_rows(say("help.arguments"), arguments, sheet)
    options = [(f"{flag.name} {flag.metavar or ''}".strip(), _described(flag, say)) for flag in FLAGS[command]]
    _write_rows(say("help.options"), [*options, ("--help", say("help.help"))], sheet)
    _write_lines(say("help.examples"), _EXAMPLES[command], sheet)
    status = f"help.{command}.status-is"
    sheet.blank()
    sheet.paragraph(
        say(status if say.knows(status) else "help.status-is"), first=f"{say('help.status')}{say('list.colon')}"
    )


def _described(flag: Flag, say: Speaker) -> str:
    text = say(f"help.option.{flag.key}", known=", ".join(Departure))
    if flag.repeatable:
        return say("help.repeatable", text=text)
    return say("help.default", text=text, value=flag.default) if flag.default else text


def _write_rows(heading: str, rows: list[tuple[str, str]], sheet: Sheet) -> None:
    width = max(cell_len(label) for label, _ in rows) + 2
    sheet.blank()
    sheet.paragraph(heading, style="bold")
    for label, text in rows:
        sheet.row(label, text, width=width)


def _write_lines(heading: str, lines: tuple[str, ...], sheet: Sheet) -> None:
    sheet.blank()
    sheet.paragraph(heading, style="bold")
    for line in lines:
        sheet.paragraph(line, indent=2)
