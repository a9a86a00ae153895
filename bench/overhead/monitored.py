"""The same application with aiomonitor beside it, as its manual says: started with the loop, closed with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomonitor
from fastapi import FastAPI
from server import app

__all__ = ["app"]


@asynccontextmanager
async def monitored(_: FastAPI) -> AsyncIterator[None]:
    """Keep the monitor running for as long as the server runs. Port 0: any free one; nobody connects to it."""
    with aiomonitor.start_monitor(
        asyncio.get_running_loop(), port=0, webui_port=0, console_enabled=False, hook_task_factory=True
    ):
        yield


app.router.lifespan_context = monitored
