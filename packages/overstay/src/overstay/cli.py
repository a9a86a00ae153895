"""The command line: words to options, options to a command, errors to one sentence and an exit status."""

import importlib.metadata
import io
import os
import sys
import traceback
from collections.abc import Sequence

from rich.console import Console

from overstay.compare import compare
from overstay.errors import InvalidRun, OverstayError
from overstay.messages import Speaker
from overstay.options import (
    CompareOptions,
    DemoOptions,
    DoctorOptions,
    ExplainOptions,
    HelpOptions,
    Options,
    RunOptions,
    ScanOptions,
    VersionOptions,
    language_of,
    parse,
)
from overstay.report import comparison, document
from overstay.report.problem import sentence
from overstay.usage import write_help, write_overview

_INTERRUPTED = 130
_PIPE_CLOSED = 141
_WRONG_USAGE = 2


class _Screen(Console):
    """A console that ends quietly when nobody reads on, as in `overstay ... | head`."""

    def on_broken_pipe(self) -> None:
        # rich would end with status 1, which means findings. Nothing is left to flush at exit, or Python complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_PIPE_CLOSED)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    _never_fail_to_print()
    words = sys.argv[1:] if argv is None else argv
    say = Speaker(language_of(words))
    try:
        return _obey(parse(words), say)
    except OverstayError as error:
        # As it is, not as rich would fold it: a command in it must survive being copied.
        sys.stderr.write(f"{sentence(error, say)}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # a mistake of ours; Python's own status 1 would say that the server has findings
        traceback.print_exc()
        failure = InvalidRun("run.failed", error=f"{type(error).__name__}: {error}")
        sys.stderr.write(f"{sentence(failure, say)}\n")
        return failure.exit_status


def _obey(options: Options, say: Speaker) -> int:
    console = _Screen(highlight=False, markup=False, emoji=False)
    match options:
        case HelpOptions():
            return _help(options, say)
        case VersionOptions():
            console.print(say("help.version-is", version=importlib.metadata.version("overstay")))
            return 0
        case CompareOptions():
            return _compare(options, say, console)
        case ScanOptions() | ExplainOptions():
            return _read(options, say, console)
        case _:
            return _visit(options, say, console)


# A command is imported when it is called: compare need not wait for what visiting needs.


def _visit(options: DoctorOptions | RunOptions | DemoOptions, say: Speaker, console: Console) -> int:
    match options:
        case DoctorOptions():
            from overstay.commands.doctor import doctor  # noqa: PLC0415 - see above

            return doctor(options, say, console)
        case RunOptions():
            from overstay.commands.run import run  # noqa: PLC0415 - see above

            return run(options, say, console)
        case DemoOptions():
            from overstay.commands.demo import demo  # noqa: PLC0415 - see above

            return demo(options, say, console)


def _read(options: ScanOptions | ExplainOptions, say: Speaker, console: Console) -> int:
    match options:
        case ScanOptions():
            from overstay.commands.scan import run_scan  # noqa: PLC0415 - see above

            return run_scan(options, say, console)
        case ExplainOptions():
            from overstay.commands.explain import explain  # noqa: PLC0415 - see above

            return explain(options, say, console)


def _help(options: HelpOptions, say: Speaker) -> int:
    console = _Screen(stderr=not options.asked, highlight=False)
    if options.command is None:
        write_overview(say, console)
    else:
        write_help(options.command, say, console)
    return 0 if options.asked else _WRONG_USAGE


def _compare(options: CompareOptions, say: Speaker, console: Console) -> int:
    changes = compare(document.read(options.before), document.read(options.after))
    comparison.render(changes, say, console)
    return changes.exit_status


def _never_fail_to_print() -> None:
    """Print what a terminal cannot show as question marks, instead of failing with the report half shown."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
