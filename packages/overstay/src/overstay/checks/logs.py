"""Logs: reconnect loops, limits and timeouts of the language model, lost tasks, descriptors, MCP clients that stay."""

from collections.abc import Iterable, Iterator

from overstay.checks.check import Project, Result
from overstay.checks.log_files import LAST, Line, Logs, sign
from overstay.checks.reconnects import Loop, loops
from overstay.findings import Fix, Status
from overstay.messages import Speaker
from overstay.report.figures import figure

_LIMITED = sign(
    "429",
    "too many requests",
    "rate",
    "insufficient_quota",
    "限流",
    "限制",
    "频繁",
    "配额",
    "频率",
    pattern=r"(?:HTTP[ /\d.]*|status(?:[_ ]code)?\W{0,3}|error(?: code)?\W{0,3}|\")\b429\b|Too Many Requests|"
    r"Rate ?Limit(?:Error|Exceeded|ed)|rate[_ -]limit(?:_exceeded|ed| exceeded| reached)|insufficient_quota|"
    r"限流|速率限制|请求过于频繁|超出配额|请求频率",
)
_MODEL = r"(?:openai|anthropic|claude|llm|ollama|deepseek|qwen|gemini|chat/completions|大模型|模型)"
_LATE = r"(?:timed? ?out|timeout|超时)"
_TIMED_OUT = sign(
    "timeout",
    "timed out",
    "time out",
    "超时",
    pattern=rf"APITimeoutError|{_MODEL}[^\n]{{0,120}}{_LATE}|{_LATE}[^\n]{{0,60}}{_MODEL}",
)
_DESTROYED = sign("task", pattern=r"Task was destroyed but it is pending|Task exception was never retrieved")
_TOO_MANY_FILES = sign(
    "too many",
    "emfile",
    "errno 24",
    "打开",
    pattern=r"Too many open files|\bEMFILE\b|\[Errno 24\]|打开的?文件(?:过|太)多",
)
_CLOSING = sign(
    "mcp",
    pattern=r"Closing\s+MCP[^\n]{0,120}?(?P<en>\d+)\s+active connections?"
    r"|关闭\s*MCP[^\n]{0,60}?(?P<zh>\d+)\s*个[^\n]{0,6}连接",
)
_CLOSED = sign(
    "mcp",
    "connections",
    "连接",
    pattern=r"MCP[^\n]{0,80}\b(?:closed|shut ?down|terminated|stopped)\b|"
    r"MCP[^\n]{0,40}(?:已关闭|关闭完成|已断开|已停止)|all (?:MCP )?connections (?:are )?closed|所有连接已关闭",
)
_FEW_TIMEOUTS = 3
_SHOWN = 3


class LogsCheck:
    """Suspects 3 and 7, step 4 and causes A and B of the checklist, as far as logs tell."""

    name = "logs"

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return one result an item; without any log, that there is none."""
        logs = project.logs
        yield self._reconnects(logs, say)
        yield self._model(logs, say)
        if not logs.files:
            return
        yield from self._mcp(logs, say)
        yield from self._plain("step-4", "warning", "destroyed", logs.lines(_DESTROYED), say)
        yield from self._plain("cause-b", "severe", "too-many-files", logs.lines(_TOO_MANY_FILES), say)

    def _reconnects(self, logs: Logs, say: Speaker) -> Result:
        found = [loop for log in logs.files for loop in loops(log)]
        bad = sorted((loop for loop in found if not loop.is_harmless), key=_badness)
        if not logs.files:
            return self._none("suspect-7", say)
        if not bad:
            grows = all(loop.spacing == "exponential" for loop in found)
            slug = "reconnects-none" if not found else "reconnects-grow" if grows else "reconnects-slow"
            told = [*(_told(loop, say) for loop in found[:_SHOWN]), *self._read(logs, say)]
            return self._result("suspect-7", "fine", say(f"check.logs.{slug}", loops=len(found)), details=told)
        worst = bad[0]
        return self._result(
            "suspect-7",
            "severe" if worst.spacing == "none" else "warning",
            _told(worst, say),
            details=[*(_told(loop, say) for loop in bad[1:_SHOWN]), *self._read(logs, say)],
            evidence=[str(loop.line) for loop in bad[:_SHOWN]],
            fix=Fix(say("check.logs.fix-reconnects")),
        )

    def _model(self, logs: Logs, say: Speaker) -> Result:
        if not logs.files:
            return self._none("cause-a", say)
        limited, late = logs.lines(_LIMITED), logs.lines(_TIMED_OUT)
        if not limited and len(late) < _FEW_TIMEOUTS:
            return self._result("cause-a", "fine", say("check.logs.model-fine"), details=self._read(logs, say))
        title = say("check.logs.model", limited=len(limited), late=len(late))
        fix = Fix(say("check.logs.fix-limited" if limited else "check.logs.fix-late"))
        evidence = [str(line) for line in [*limited[-_SHOWN:], *late[-1:]]]
        return self._result("cause-a", "warning", title, details=self._read(logs, say), evidence=evidence, fix=fix)

    def _mcp(self, logs: Logs, say: Speaker) -> Iterator[Result]:
        open_ones = [
            line for log in logs.files for line in _never_closed(list(log.lines(_CLOSING)), log.lines(_CLOSED))
        ]
        if not open_ones:
            return
        counts = [int(line.match["en"] or line.match["zh"]) for line in open_ones]
        title = say("check.logs.mcp", count=len(open_ones), last=counts[-1])
        grows = counts[-1] > counts[0]
        details = [say("check.logs.mcp-grows", first=counts[0], last=counts[-1])] if grows else []
        evidence = [str(line) for line in open_ones[-_SHOWN:]]
        status: Status = "severe" if grows else "warning"
        yield self._result(
            "suspect-3", status, title, details=details, evidence=evidence, fix=Fix(say("check.logs.fix-mcp"))
        )

    def _plain(self, item: str, status: Status, slug: str, lines: list[Line], say: Speaker) -> Iterator[Result]:
        if lines:
            title = say(f"check.logs.{slug}", count=len(lines))
            evidence = [str(line) for line in lines[-_SHOWN:]]
            yield self._result(item, status, title, evidence=evidence, fix=Fix(say(f"check.logs.fix-{slug}")))

    def _none(self, item: str, say: Speaker) -> Result:
        return self._result(item, "not-checked", say("check.logs.none"))

    def _read(self, logs: Logs, say: Speaker) -> list[str]:
        """Return what was read, and what was not."""
        count, large = len(logs.files), sum(not log.is_whole for log in logs.files)
        told = [say("check.logs.read", count=count)]
        if large:
            told.append(say("check.logs.last", count=large, size=LAST // 1_000_000))
        if logs.unread:
            told.append(say("check.logs.unread", files=say("list.comma").join(logs.unread[:_SHOWN])))
        return told

    def _result(
        self,
        item: str,
        status: Status,
        title: str,
        *,
        details: Iterable[str] = (),
        evidence: Iterable[str] = (),
        fix: Fix | None = None,
    ) -> Result:
        suspect = int(item[-1]) if item.startswith("suspect-") else None
        return Result(self.name, item, status, title, "logs", tuple(details), tuple(evidence), fix=fix, suspect=suspect)


def _badness(loop: Loop) -> tuple[int, int]:
    return ("none", "fixed", "unknown", "exponential").index(loop.spacing), -loop.attempts


def _told(loop: Loop, say: Speaker) -> str:
    pause = "?" if loop.pause is None else figure(loop.pause)
    slug = "storm" if loop.spacing == "none" else loop.spacing
    return say(f"check.logs.reconnects-{slug}", attempts=loop.attempts, pause=pause, file=loop.line.file)


def _never_closed(closing: list[Line], closed: Iterable[Line]) -> Iterator[Line]:
    """Yield the announcements after which nothing is said to be closed until the next one, or the end."""
    ends = [line.position for line in closed if not _CLOSING.pattern.search(line.text)]
    for place, line in enumerate(closing):
        until = closing[place + 1].position if place + 1 < len(closing) else float("inf")
        count = int(line.match["en"] or line.match["zh"])
        if count and not any(line.position < end < until for end in ends):
            yield line
