"""A session of the SDK with one server, whichever way it is reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import mcp_types as types
from mcp.client._transport import TransportStreams
from mcp.client.session import ClientSession, MessageHandlerFnT
from mcp.client.streamable_http import streamable_http_client

from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.stdio_transport import process_streams

LEAVE_SECONDS = 5.0
PAGES_OF_TOOLS = 20


@asynccontextmanager
async def open_session(
    name: str, settings: MCPServerSettings, ended: Callable[[str], None], notice: MessageHandlerFnT
) -> AsyncGenerator[ClientSession]:
    """Connect to a server, not yet initialised. Enter and leave it in one task.

    `ended` is told why a process will answer no more. Raises whatever the SDK, the network or the start raises.
    """
    async with AsyncExitStack() as stack:
        if settings.url:
            streams = await stack.enter_async_context(_http_streams(settings.url))
        else:
            streams = await stack.enter_async_context(process_streams(name, settings, ended))
        yield await stack.enter_async_context(ClientSession(*streams, message_handler=notice))


@asynccontextmanager
async def _http_streams(url: str) -> AsyncGenerator[TransportStreams]:
    """A connection whose end, which tells the server, takes a bounded time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as leaving, streamable_http_client(url) as streams:
        try:
            yield streams
        finally:
            leaving.reschedule(loop.time() + LEAVE_SECONDS)


async def list_tools(session: ClientSession) -> tuple[types.Tool, ...]:
    """All pages, as far as there is an end to them."""
    tools: list[types.Tool] = []
    cursor: str | None = None
    for _page in range(PAGES_OF_TOOLS):
        listing = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor) if cursor else None)
        tools.extend(listing.tools)
        cursor = listing.next_cursor
        if not cursor:
            break
    return tuple(tools)
