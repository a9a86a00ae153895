"""A tool server that keeps no sessions: every request brings its own transport (mcp, streamable HTTP)."""

import contextlib
import logging

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Mount

# mcp 1.12.4 logs the end of every stateless transport as an error, with a traceback.
logging.getLogger("mcp").setLevel(logging.CRITICAL)
tools = Server("clock")


@tools.list_tools()
async def list_tools():
    return [types.Tool(name="now", description="Tell the time.", inputSchema={"type": "object"})]


manager = StreamableHTTPSessionManager(app=tools, stateless=True, json_response=True)


async def answer(scope, receive, send):
    await manager.handle_request(scope, receive, send)  # site


@contextlib.asynccontextmanager
async def lifespan(app):
    async with manager.run():
        yield


app = Starlette(routes=[Mount("/mcp", app=answer)], lifespan=lifespan)
