"""The tool server: answers JSON lines on standard input until it ends."""

import json
import sys
import time

TOOLS = {"initialize": lambda: "ready", "clock": lambda: time.strftime("%H:%M")}

if __name__ == "__main__":
    for line in sys.stdin:
        answer = TOOLS[json.loads(line)["tool"]]()
        print(json.dumps({"result": answer}), flush=True)  # noqa: T201 - standard output is the connection
