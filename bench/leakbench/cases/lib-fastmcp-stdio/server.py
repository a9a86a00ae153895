"""A chat server whose every client gets a tool process of its own, named by a configuration (fastmcp, stdio)."""

import sys
from pathlib import Path

from fastmcp import Client
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

TOOLS = Path(__file__).with_name("tools.py")
CONFIGURATION = {"mcpServers": {"index": {"command": sys.executable, "args": ["-I", "-S", str(TOOLS)]}}}


async def talk(client):
    await client.accept()
    tools = Client(CONFIGURATION)
    try:
        async with tools:  # site
            listed = await tools.list_tools()
            await client.send_text("ready")
            async for message in client.iter_text():
                await client.send_text(f"{message}: {len(listed)} tools")
    finally:
        await tools.close()


app = Starlette(routes=[WebSocketRoute("/ws", talk)])
