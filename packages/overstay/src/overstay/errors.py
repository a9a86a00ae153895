"""The errors of the tool, named for whose problem it is.

    OverstayError
    ├── UsageError     wrong words on the command line, or a file of the user's that cannot be used: exit status 2
    ├── InvalidRun     the run cannot be judged: exit status 3
    └── TargetError    the server under test failed: exit status 4

Each carries a slug of the message catalogue and the values that its sentence quotes, so that it is said in the
user's language where it is shown and not where it is raised.
"""

from typing import ClassVar


class OverstayError(Exception):
    """A problem that ends the command, with the sentence that says so."""

    exit_status: ClassVar[int] = 1

    def __init__(self, slug: str, **values: object) -> None:
        super().__init__(slug, values)
        self.slug = slug
        self.values = values

    def __str__(self) -> str:
        quoted = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.slug}({quoted})"


class UsageError(OverstayError):
    """The command line, or a file that it names, cannot be used as it is."""

    exit_status = 2


class InvalidRun(OverstayError):  # noqa: N818 - the glossary's word; an invalid run is a verdict, too
    """The run cannot be judged."""

    exit_status = 3


class TargetError(OverstayError):
    """The server under test could not be started, reached or kept alive."""

    exit_status = 4
