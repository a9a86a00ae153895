"""Logs: what the server and the browser's console say, in English and Chinese."""

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

import pytest

from overstay.checks.check import Project, Result
from overstay.checks.log_files import LAST, seconds_of
from overstay.checks.logs import LogsCheck

Make = Callable[..., Project]
Ask = Callable[..., Any]
SCHEDULED = "🔄 WS schedule reconnect in {ms}ms"
CONSOLE = """\
🔄 WS schedule reconnect in {ms}ms
🌐 WS connecting...
WebSocket connection to 'ws://127.0.0.1:12393/client-ws' failed:
🚨 WebSocket连接错误
🔄 尝试恢复 websocket
"""


def stamped(text: str, seconds: Iterable[float]) -> str:
    """Return lines with a time, as a server's logger writes them."""
    return "".join(
        f"2024-11-05 {int(at // 3600):02}:{int(at // 60 % 60):02}:{at % 60:06.3f} | INFO | {text}\n".replace(
            f"{at % 60:06.3f}", f"{at % 60:06.3f}".replace(".", ",")
        )
        for at in seconds
    )


def reconnects(said: Ask, project: Project) -> Result:
    return said(LogsCheck(), project).about("suspect-7")


@pytest.mark.parametrize(
    ("delays", "status", "words"),
    [
        ([0] * 8, "severe", "8 attempts to reconnect in console.log, one right after the other (0 s)"),
        ([2000] * 8, "warning", "8 attempts to reconnect in console.log, always after 2 s"),
        ([1000, 2000, 4000, 8000] + [30000] * 5, "fine", "1 reconnect loop in the logs, and their pauses grow"),
        ([1000, 1900, 4200, 7900, 16800], "fine", "1 reconnect loop in the logs, and their pauses grow"),
        ([30000] * 8, "fine", "1 reconnect loop in the logs, with pauses that grow or are long enough"),
        ([2000] * 4, "fine", "no reconnect loop in the logs"),
    ],
)
def test_the_spacing_of_attempts_is_told_from_the_announced_pauses(
    make: Make, said: Ask, delays: list[int], status: str, words: str
) -> None:
    """None, fixed, growing, growing up to a cap, slow from the start, too few to judge."""
    result = reconnects(said, make({"console.log": "".join(CONSOLE.format(ms=ms) for ms in delays)}))
    assert result.status == status
    assert result.title.startswith(words)
    is_series = len(delays) > 4 and status == "fine"
    assert (
        any(text.startswith(f"{len(delays)} attempts to reconnect in console.log, ") for text in result.details)
        == is_series
    )


@pytest.mark.parametrize(
    ("gaps", "status"),
    [([0.05] * 30, "severe"), ([0.25] * 10, "warning"), ([1, 2, 4, 8, 16], "fine"), ([60] * 10, "fine")],
)
@pytest.mark.parametrize("text", ["WebSocket reconnecting", "正在重连", "WebSocket连接失败", "ws 连接错误"])
def test_without_announcements_the_times_of_the_lines_tell(
    make: Make, said: Ask, gaps: list[float], status: str, text: str
) -> None:
    """Server logs have times, in either language."""
    log = stamped(text, accumulate(gaps, initial=36_000.0))
    assert reconnects(said, make({"logs/server.txt": log})).status == status


def test_a_connection_between_two_attempts_ends_a_series(make: Make, said: Ask) -> None:
    """Five pages that each reconnect once are no loop."""
    log = (SCHEDULED.format(ms=1000) + "\nWS connected\n") * 9
    assert reconnects(said, make({"console.log": log})).title == "no reconnect loop in the logs"


def test_attempts_without_any_time_are_said_to_be_unknown(make: Make, said: Ask) -> None:
    """Neither good nor bad, and shown."""
    result = reconnects(said, make({"console.log": "Reconnecting\n" * 40}))
    assert result.status == "warning"
    assert "the pauses are not known" in result.title


def test_a_clock_without_a_date_goes_past_midnight(make: Make, said: Ask) -> None:
    """The console has only the time of day."""
    log = "".join(f"{clock} app.js:10 reconnecting\n" for clock in ("23:59:57.5", "23:59:58.5", "23:59:59.5"))
    log += "".join(f"0{n}:00:00.5 app.js:10 reconnecting\n" for n in (0,))
    log += "00:00:01.5 app.js:10 reconnecting\n00:00:02.5 app.js:10 reconnecting\n"
    result = reconnects(said, make({"console.log": log}))
    assert result.title == "6 attempts to reconnect in console.log, always after 1 s"


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("2000-01-01 00:00:01,250 INFO x", 1.25),
        ("[2000/01/02 00:00:00] x", 86_400.0),
        ("2000-01-01T00:01:00.5Z x", 60.5),
        ("00:00:02.5 app.js:3 x", 2.5),
        ("2024-13-45 00:00:00 x", None),
        ("no time here", None),
    ],
)
def test_times_are_read_in_the_usual_forms(line: str, seconds: float | None) -> None:
    """Python's logging, ISO, browsers; an impossible date is none."""
    assert seconds_of(line) == seconds


@pytest.mark.parametrize(
    "line",
    [
        'HTTP Request: POST https://api.openai.com/v1/chat/completions "HTTP/1.1 429 Too Many Requests"',
        "openai.RateLimitError: Error code: 429 - {'error': {'code': 'rate_limit_exceeded'}}",
        "status_code=429",
        "LLM 调用被限流，请稍后再试",
        "请求过于频繁",
    ],
)
def test_limits_of_the_language_model_are_counted(make: Make, said: Ask, line: str) -> None:
    """In the words of clients and of servers, in either language, with the last lines as evidence."""
    result = said(LogsCheck(), make({"server.log": "start\n" + f"{line}\n" * 3})).about("cause-a")
    assert result.status == "warning"
    assert result.title == "the language model refused 3 requests for coming too often, and 0 requests timed out"
    assert result.evidence[0] == f"server.log:2: {line}"[: len("server.log:2: ") + 160]


@pytest.mark.parametrize("line", ["openai.APITimeoutError: Request timed out.", "ollama: timeout", "大模型请求超时"])
def test_timeouts_of_the_language_model_are_counted_from_three_on(make: Make, said: Ask, line: str) -> None:
    """One or two happen to anybody."""
    assert said(LogsCheck(), make({"server.log": f"{line}\n" * 2})).about("cause-a").status == "fine"
    assert said(LogsCheck(), make({"server.log": f"{line}\n" * 3})).about("cause-a").status == "warning"


def test_numbers_that_only_look_like_a_limit_are_none(make: Make, said: Ask) -> None:
    """A line number, a size, a port."""
    log = "server.py:429 started\n429 bytes sent\nlistening on port 4290\nuser 429 joined\n"
    assert said(LogsCheck(), make({"server.log": log})).about("cause-a").status == "fine"


@pytest.mark.parametrize(
    ("log", "status", "count"),
    [
        ("Closing MCPClient... and 4 active connections\n" * 3, "warning", 3),
        ("正在关闭 MCP 客户端，4 个活动连接\n", "warning", 1),
        ("Closing MCPClient... and 4 active connections\nClosing MCPClient... and 9 active connections\n", "severe", 2),
        ("Closing MCPClient... and 4 active connections\nMCPClient closed\n" * 3, None, 0),
        ("Closing MCPClient... and 0 active connections\n" * 3, None, 0),
        ("正在关闭 MCP 客户端，4 个活动连接\nMCP 客户端已关闭\n", None, 0),
    ],
)
def test_mcp_clients_that_never_close_are_counted(
    make: Make, said: Ask, log: str, status: str | None, count: int
) -> None:
    """An announcement without a word that it was done; the twin says it."""
    found = [each for each in said(LogsCheck(), make({"server.log": log})) if each.item == "suspect-3"]
    assert [each.status for each in found] == ([status] if status else [])
    assert all(f"closing {count} time" in each.title for each in found)


@pytest.mark.parametrize(
    ("line", "item", "status"),
    [
        ("ERROR asyncio: Task was destroyed but it is pending!", "step-4", "warning"),
        ("OSError: [Errno 24] Too many open files: 'cache/1.wav'", "cause-b", "severe"),
        ("OSError：打开的文件过多", "cause-b", "severe"),
    ],
)
def test_lost_tasks_and_descriptors_are_found(make: Make, said: Ask, line: str, item: str, status: str) -> None:
    """What asyncio and the system say when it is too late."""
    assert said(LogsCheck(), make({"server.log": f"{line}\n"})).about(item).status == status
    assert [each for each in said(LogsCheck(), make({"server.log": "all good\n"})) if each.item == item] == []


def test_a_project_without_logs_says_how_to_add_one(make: Make, said: Ask) -> None:
    """Not checked is not fine."""
    result = reconnects(said, make({"app.py": ""}))
    assert result.status == "not-checked"
    assert "put the server's log" in result.title


def test_of_a_large_log_the_end_is_read_and_that_is_said(make: Make, said: Ask) -> None:
    """What goes wrong now stands at the end; the beginning is left out, and lines have no numbers then."""
    early = SCHEDULED.format(ms=0) + "\n"
    late = "Error code: 429\n"
    project = make({"server.log": early * 10 + "x" * 79 + "\n"})
    with (project.root / "server.log").open("a", encoding="utf-8") as file:
        for _ in range(LAST // 80 // 1000 + 2):
            file.write(("y" * 79 + "\n") * 1000)
        file.write(late)
    results = said(LogsCheck(), project)
    assert results.about("suspect-7").status == "fine"
    assert results.about("cause-a").evidence == ("server.log: Error code: 429",)
    assert results.about("cause-a").details == ("1 log read", "of 1 large one only the last 8 MB")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("server.log.1", b"Error code: 429\n"),
        ("logs/2024-11-05.txt", "Error code: 429\n".encode("utf-16")),
        ("server.log", "限流\r\n".encode("gb18030")),
        ("控制台.txt", "限流\n".encode()),
        ("nohup.out", b"\xff\xfe\xfaError code: 429\n"[3:]),
        ("server.log", b"D:\\chat\\server.py \xff\xfa\n\xffError code: 429\r\n"),
    ],
)
def test_logs_of_any_machine_are_read(make: Make, said: Ask, name: str, content: bytes) -> None:
    """Rotated, UTF-16, GBK, Windows paths, stray bytes."""
    assert said(LogsCheck(), make({name: content})).about("cause-a").status == "warning"


def test_a_binary_log_is_named_as_unread(make: Make, said: Ask) -> None:
    """It is left out, and the others count."""
    result = said(LogsCheck(), make({"a.log": b"\x00\x01429", "b.log": "fine\n"})).about("cause-a")
    assert result.details == ("1 log read", "not read: a.log")


def test_one_endless_line_takes_no_time(make: Make, said: Ask) -> None:
    """Five million characters without a line break."""
    assert (
        reconnects(said, make({"a.log": "reconnect in WebSocket connection MCP Closing MCP " * 100_000})).about
        == "logs"
    )
