"""A chat server whose every client gets a tool process of its own, through a launcher (mcp, stdio)."""

import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

TOOLS = Path(__file__).with_name("tools.py")
# As with npx or uvx: what is started is not the tool but a program that starts it and waits for it.
LAUNCHED = StdioServerParameters(command="sh", args=["-c", f"'{sys.executable}' -I -S '{TOOLS}'; exit $?"])


async def talk(client):
    await client.accept()
    async with stdio_client(LAUNCHED) as streams, ClientSession(*streams) as tools:  # site
        await tools.initialize()
        await client.send_text("ready")
        async for message in client.iter_text():
            listed = await tools.list_tools()
            await client.send_text(f"{message}: {len(listed.tools)} tools")


app = Starlette(routes=[WebSocketRoute("/ws", talk)])
