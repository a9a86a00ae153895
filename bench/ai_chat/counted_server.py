"""The chat server, and beside it a thread that counts what the process has whenever it is asked.

    python server.py QUESTIONS ANSWERS [options of ai-chat]

QUESTIONS and ANSWERS are inherited descriptors: each line read from the first is answered on the second by one of JSON.
Nothing in the server knows of it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
from collections import Counter

from ai_chat.__main__ import main


def count() -> dict[str, object]:
    """What is alive after a collection; the collector knows no atoms, the allocator knows those as well."""
    gc.collect()
    objects = gc.get_objects()
    types = Counter(type(one).__qualname__ for one in objects)
    tasks = sum(issubclass(type(one), asyncio.Task) and not one.done() for one in objects)
    counted = len(objects)
    del objects
    return {"objects": counted, "blocks": sys.getallocatedblocks(), "tasks": tasks, "types": types}


def answer(questions: int, answers: int) -> None:
    """Count at every line until there is no more."""
    with os.fdopen(questions) as lines:
        for _ in lines:
            os.write(answers, json.dumps(count()).encode() + b"\n")


if __name__ == "__main__":
    threading.Thread(target=answer, args=(int(sys.argv[1]), int(sys.argv[2])), daemon=True, name="counter").start()
    sys.exit(main(sys.argv[3:]))
