"""Ask a tool server what it can do, in one request."""

import json

QUESTION = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


async def visit(client):
    await client.connect(method="POST", headers=HEADERS, body=json.dumps(QUESTION))
    await client.expect("Tell the time", timeout=10)
