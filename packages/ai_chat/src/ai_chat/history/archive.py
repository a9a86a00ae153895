"""Where messages go before retention removes them."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ai_chat.protocol.events import MessageItem


def write_archive(folder: Path, messages: Sequence[MessageItem]) -> Path:
    """Write messages as gzipped JSON lines, and return the file once it is on the disk.

    It is named by the day and the numbers of its first and last message. Messages whose removal failed are archived
    again under the same name.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    day = time.strftime("%Y%m%d", time.gmtime())
    path = folder / f"messages-{day}-{messages[0].number}-{messages[-1].number}.jsonl.gz"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        part.chmod(0o600)
        file.write(gzip.compress("".join(_line(one) for one in messages).encode()))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(folder)
    return path


def _line(message: MessageItem) -> str:
    return json.dumps(asdict(message), ensure_ascii=False) + "\n"


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
