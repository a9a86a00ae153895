"""The agent's tools, in a subprocess for each client, asked by one JSON line a call."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

SERVER = Path(__file__).with_name("tool_server.py")

connections: dict[str, Process] = {}


class MCPClient:
    """Calls the tools of one client's tool server."""

    def __init__(self, client_uid: str) -> None:
        self._client_uid = client_uid
        self._process: Process | None = None

    async def connect(self) -> None:
        """Start the tool server and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(  # planted: tool-process
            sys.executable, "-I", "-S", str(SERVER), stdin=PIPE, stdout=PIPE
        )
        connections[self._client_uid] = self._process  # planted: connection-table
        await self.call("initialize")

    async def call(self, tool: str) -> str:
        """Return what a tool says."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"tool": tool}).encode() + b"\n")
        return str(json.loads(await process.stdout.readline())["result"])

    async def aclose(self) -> None:
        """Close the connection to the tool server."""
        self._process = None
