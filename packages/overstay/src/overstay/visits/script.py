"""The visit file: what a client does between opening and leaving."""

import asyncio
import inspect
import sys
import traceback
import types
from collections.abc import Awaitable, Callable
from pathlib import Path

from overstay.errors import OverstayError, UsageError
from overstay.visits.client import Client
from overstay.visits.parting import Leaving
from overstay.visits.patience import Blocked, alarm

_MODULE = "overstay_visit_file"


async def _look_in(client: Client) -> None:
    """Visit without a file: open, wait for what the server says, leave."""
    await client.connect()
    await client.greeting()


class VisitScript:
    """An `async def visit(client)`, from a file or the built-in one that only looks in."""

    def __init__(self, visit: Callable[[Client], Awaitable[None]], file: Path | None = None) -> None:
        self._visit = visit
        self.file = file

    @classmethod
    def load(cls, path: str | Path | None, seconds: float = 30.0) -> "VisitScript":
        """Return the script in the file at `path`, or the built-in one for None.

        The file may import its neighbours. Raises UsageError when it cannot be read, parsed or imported within
        `seconds`, and when it has no `async def visit`.
        """
        if path is None:
            return cls(_look_in)
        file = Path(path)
        visit = getattr(_import(file, seconds), "visit", None)
        if not inspect.iscoroutinefunction(visit):
            raise UsageError("visit.script-no-visit", file=str(file))
        return cls(visit, file)

    async def run(self, client: Client, seconds: float) -> OverstayError | None:
        """Run the visit once, for `seconds` at most, and return what made it fail, if anything did."""
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await self._visit(client)
        except Leaving:
            return None
        except (Exception, SystemExit, BaseExceptionGroup, Blocked) as err:
            if isinstance(err, TimeoutError) and limit.expired():
                line = _line(err.__cause__ or err, self.file)
                return UsageError("visit.script-hung", file=self._name, line=line, seconds=seconds)
            return self._problem(err, seconds)
        return None

    @property
    def _name(self) -> str:
        return str(self.file) if self.file else "overstay"

    def _problem(self, err: BaseException, seconds: float) -> OverstayError | None:
        """Return the error to report for `err`, which a group of tasks in the visit may have wrapped."""
        while isinstance(err, BaseExceptionGroup):
            _, rest = err.split(Leaving)
            if rest is None:
                return None
            err = rest.exceptions[0]
        if isinstance(err, Blocked):
            return _blocks(err, self._name, self.file, seconds)
        return err if isinstance(err, OverstayError) else _raised(err, self._name, self.file)


def _import(file: Path, seconds: float) -> types.ModuleType:
    """Run the file as a module; compiled by hand, so that no cache folder appears beside the user's file."""
    try:
        source = file.read_bytes()
    except OSError as err:
        raise UsageError("visit.script-unreadable", file=str(file), error=err.strerror or str(err)) from err
    module = types.ModuleType(_MODULE)
    module.__file__ = str(file)
    # Classes and dataclasses of the file look their module up by name.
    sys.modules[_MODULE] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        with alarm(file, seconds):
            exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102 - running the user's file is the purpose
    except SyntaxError as err:
        raise UsageError(
            "visit.script-syntax", file=err.filename or str(file), line=err.lineno or 0, error=err.msg
        ) from err
    except Blocked as err:
        raise _blocks(err, str(file), file, seconds) from err
    except (Exception, SystemExit) as err:
        raise _raised(err, str(file), file) from err
    finally:
        sys.path.remove(str(file.resolve().parent))
    return module


def _raised(err: BaseException, name: str, file: Path | None) -> UsageError:
    error = "".join(traceback.format_exception_only(err)).strip().splitlines()[-1]
    return UsageError("visit.script-raised", file=name, line=_line(err, file), error=error)


def _blocks(err: Blocked, name: str, file: Path | None, seconds: float) -> UsageError:
    return UsageError("visit.script-blocks", file=name, line=_line(err, file), seconds=seconds)


def _line(err: BaseException, file: Path | None) -> int:
    """Return the last line of the file on the way to `err`, 0 when there is none."""
    frames = [frame for frame in traceback.extract_tb(err.__traceback__) if frame.filename == str(file)]
    return (frames[-1].lineno or 0) if frames else 0
