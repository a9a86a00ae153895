"""A source line without its comment."""

import pytest

from overstay.report.excerpt import without_comment


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("work()  # noqa: RUF006 - wanted", "work()"),
        ("process = await start(  # the tool", "process = await start("),
        ('send("# not a comment")', 'send("# not a comment")'),
        ('send("#1")  # the first', 'send("#1")'),
        ("async with door:  # opened", "async with door:"),
        (")  # the end of it", ")"),
    ],
)
def test_a_comment_at_the_end_is_cut(line: str, shown: str) -> None:
    """The statement stays, also when the line has only a part of it."""
    assert without_comment(line) == shown


@pytest.mark.parametrize("line", ["# nothing else", 'unfinished """ text  # in a string', ""])
def test_what_cannot_be_told_apart_stays(line: str) -> None:
    """Better a comment too many than code too little."""
    assert without_comment(line) == line
