"""An agent: a request starts a tool server, asks it once and answers."""

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from fastapi import FastAPI

app = FastAPI()
TOOLS = {}


@app.get("/ask")
async def ask():
    tool = await anyio.open_process(["cat"])  # site
    TOOLS[tool.pid] = tool
    await tool.stdin.send(b"what time is it\n")
    line = await BufferedByteReceiveStream(tool.stdout).receive_until(b"\n", 100)
    return {"answer": line.decode()}
