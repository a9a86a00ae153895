"""A tool process that answers on its standard output, and works on its index until it is told to end."""

import json
import sys
import threading

LONGEST = 300
ANSWERS = {
    "initialize": {
        "protocolVersion": "2024-11-05",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "index", "version": "1"},
    },
    "tools/list": {"tools": [{"name": "search", "inputSchema": {"type": "object"}}]},
}

# No daemon: the end of the input does not end the process. Many tool servers are so; a signal ends them.
threading.Thread(target=threading.Event().wait, args=(LONGEST,), name="index").start()

for line in sys.stdin:
    question = json.loads(line)
    if question.get("method") in ANSWERS:
        answer = {"jsonrpc": "2.0", "id": question["id"], "result": ANSWERS[question["method"]]}
        print(json.dumps(answer), flush=True)
