"""Comments that take a finding away need a reason, and are reported when they are not needed."""

from pathlib import Path

import pytest

from overstay.messages import Speaker
from overstay.scan import ScanResult, scan

TASK = "import asyncio\n\n\nasync def go(work):\n{above}    asyncio.create_task(work()){beside}\n"


def scanned(folder: Path, *, above: str = "", beside: str = "") -> ScanResult:
    above = f"    {above}\n" if above else ""
    text = TASK.format(above=above, beside=f"  {beside}" if beside else "")
    (folder / "app.py").write_text(text, encoding="utf-8")
    return scan(folder, say=Speaker("en"))


@pytest.mark.parametrize(
    "comment",
    [
        "# overstay: ignore[task-without-owner] lives as long as the program",
        "# overstay: ignore[task-without-owner]: lives as long as the program",
        "# overstay:ignore[ task-without-owner , list-only-grows ] lives as long as the program",
        "# noqa: RUF006  # overstay: ignore[task-without-owner] lives as long as the program",
    ],
)
def test_comment_with_a_reason_takes_the_finding_away(tmp_path: Path, comment: str) -> None:
    """On the line itself, alone or beside others."""
    assert scanned(tmp_path, beside=comment).findings == ()


def test_comment_alone_on_the_line_above_counts(tmp_path: Path) -> None:
    """Long lines have no room for it."""
    result = scanned(tmp_path, above="# overstay: ignore[task-without-owner] lives as long as the program")
    assert (result.findings, result.remarks) == ((), ())


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("# overstay: ignore[task-without-owner]", "without-reason"),
        ("# overstay: ignore", "names-no-rule"),
        ("# overstay: ignore[] because", "names-no-rule"),
        ("# overstay: ignore[lost-task] because", "unknown-rule"),
        ("# overstay: ignore[list-only-grows] because", "unused"),
    ],
)
def test_comment_that_is_wrong_is_reported_and_takes_nothing_away(tmp_path: Path, comment: str, why: str) -> None:
    """Whoever wrote it learns why it does not count."""
    result = scanned(tmp_path, beside=comment)
    assert [each.why for each in result.remarks] == [why]
    assert [each.rule for each in result.findings] == ["task-without-owner"]


def test_comment_that_is_not_needed_any_more_is_reported(tmp_path: Path) -> None:
    """The line was fixed, and the comment stayed."""
    (tmp_path / "app.py").write_text("x = 1  # overstay: ignore[task-without-owner] because\n")
    [remark] = scan(tmp_path, say=Speaker("en")).remarks
    assert (remark.why, remark.line, remark.rule) == ("unused", 1, "task-without-owner")


def test_text_in_a_string_is_no_comment(tmp_path: Path) -> None:
    """A program that talks about such comments ignores nothing."""
    (tmp_path / "app.py").write_text('x = "# overstay: ignore[task-without-owner] because"\n')
    assert scan(tmp_path, say=Speaker("en")).remarks == ()
