"""The chat history: every conversation in one file that can be read by eye."""

import json
import time
from pathlib import Path


class ChatHistory:
    """Stores what was said, and how it was spoken, for the page to show and play again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._messages: list[dict[str, object]] = []

    def store_message(self, client_uid: str, question: str, reply: str, volumes: list[float]) -> None:
        """Store one exchange."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S")
        self._messages.append({"role": "human", "client": client_uid, "timestamp": now, "content": question})
        self._messages.append(  # planted: history-in-memory
            {"role": "ai", "client": client_uid, "timestamp": now, "content": reply, "volumes": volumes}
        )
        text = json.dumps(self._messages, ensure_ascii=False, indent=2)  # planted: history-rewrite
        self._file.write_text(text, encoding="utf-8")
