"""What is planted in the leaky chat server is marked on its line, and nothing else is."""

import re

import pytest

from overstay.demo.planted import FOLDER, Planted, planted
from overstay.messages import sentences

MARK = re.compile(r"(?:#|//) planted: ([\w-]+)")


def marks() -> list[tuple[str, str, int]]:
    """Return every marker in the server's files: its name, file and line."""
    return [
        (name, path.relative_to(FOLDER).as_posix(), number)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in (".py", ".html", ".js")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for name in MARK.findall(line)
    ]


def test_every_planted_bug_has_its_marker_exactly_once() -> None:
    """A marker gives the line that a finding must name: two would make it ambiguous."""
    assert sorted(marks()) == sorted((bug.name, bug.file, bug.line) for bug in planted())


def test_expected_rules_exist() -> None:
    """What the demo expects is what the tool can say."""
    rules = {slug.split(".")[1] for slug in sentences("en") if slug.startswith(("finding.", "rule."))}
    assert {bug.rule for bug in planted()} <= rules


def test_every_suspect_of_the_checklist_is_planted() -> None:
    """All seven are there."""
    assert {bug.suspect for bug in planted()} - {None} == set(range(1, 8))


@pytest.mark.parametrize("bug", planted(), ids=lambda bug: bug.name)
def test_marked_line_does_something(bug: Planted) -> None:
    """The marker stands behind a statement and not on a line of its own."""
    line = (FOLDER / bug.file).read_text(encoding="utf-8").splitlines()[bug.line - 1]
    assert MARK.split(line)[0].strip()
