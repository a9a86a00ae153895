"""What is planted in the leaky chat server, and which of it this version is expected to find."""

from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).parent / "leaky_chat"
VISIT = Path(__file__).parent / "visit.py"
MARK = "# planted: "
_MARK_OF_SCRIPTS = "// planted: "


@dataclass(frozen=True, slots=True)
class Planted:
    """One bug: the rule and kind of the finding that it should become, and the line that a marker gives.

    `suspect` is its number on the checklist that the demo follows.
    """

    name: str
    rule: str
    kind: str
    file: str
    suspect: int | None = None
    line: int = 0


_PLANTED = (
    Planted("forwarder", "task-outlives-session", "task", "proxy_message_queue.py", 1),
    Planted("tool-process", "process-outlives-session", "process", "mcp_client.py", 3),
    Planted("speech-file", "file-outlives-session", "file", "tts_manager.py", 4),
    Planted("history-rewrite", "slower-per-session", "latency", "chat_history.py", 5),
    Planted("history-in-memory", "container-grows", "container", "chat_history.py", 5),
    Planted("heartbeat", "timer-outlives-session", "timer", "service_context.py"),
    Planted("voice-thread", "thread-outlives-session", "thread", "voice_activity.py"),
    Planted("model-socket", "socket-outlives-session", "socket", "basic_memory_agent.py"),
    Planted("agent-memory", "container-grows", "container", "basic_memory_agent.py", 2),
    Planted("connection-table", "container-grows", "container", "mcp_client.py", 3),
    Planted("engine-state", "container-grows", "container", "service_context.py", 6),
    Planted("session-map", "container-grows", "container", "websocket_handler.py"),
    Planted("reconnect", "reconnect-without-backoff", "socket", "static/index.html", 7),
)


def planted() -> tuple[Planted, ...]:
    """Return everything that is planted, with the line that its marker is on."""
    return tuple(replace(bug, line=_line_of(bug)) for bug in _PLANTED)


def _line_of(bug: Planted) -> int:
    lines = (FOLDER / bug.file).read_text(encoding="utf-8").splitlines()
    marks = (MARK + bug.name, _MARK_OF_SCRIPTS + bug.name)
    return next(number for number, line in enumerate(lines, 1) if any(mark in line for mark in marks))
