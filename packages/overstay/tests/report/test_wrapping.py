"""Folding lines by cells."""

import pytest
from rich.cells import cell_len

from overstay.report.wrapping import folded, visible


@pytest.mark.parametrize("width", [10, 20, 37, 80])
@pytest.mark.parametrize(
    "text",
    [
        "every client that leaves mid-reply leaves 1 task; made at proxy_message_queue.py:41 in queue_message",
        "每个在回复途中离开的客户端都会留下 1 个任务；创建于 proxy_message_queue.py:41 的 queue_message（第 41 行）。",
        "/a/very/long/path/without/any/space/that/is/wider/than/the/screen/could/ever/be.py",
    ],
)
def test_no_line_is_wider_and_nothing_is_lost(text: str, width: int) -> None:
    """Every line fits, and all lines together are the text."""
    lines = folded(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_chinese_fills_its_lines() -> None:
    """A Chinese sentence begins on the line that it is given, not on one of its own."""
    assert folded("fix 修好之后再运行一次", 12) == ["fix 修好之后", "再运行一次"]


def test_no_line_begins_with_a_stop_or_ends_with_an_opening_bracket() -> None:
    """Chinese punctuation stays with the word it belongs to."""
    lines = folded("一二三四五，六七八九（十一）二三四五。", 10)
    assert not any(line[0] in "，。）" or line[-1] == "（" for line in lines)


def test_an_empty_text_is_one_empty_line() -> None:
    """A paragraph always has a first line."""
    assert folded("", 10) == [""]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a b c"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202eevil", "\\u202eevil"),
        ("\udc80", "\\udc80"),
        ("代码", "代码"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    """Control characters, text direction marks and undecodable bytes of a path are shown for what they are."""
    assert visible(text) == shown
