"""The same application in asyncio's debug mode.

uvicorn hands its own `debug=False` to the loop, so PYTHONASYNCIODEBUG and `-X dev` have no effect under it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from server import app

__all__ = ["app"]


@asynccontextmanager
async def debugged(_: FastAPI) -> AsyncIterator[None]:
    """Switch debug mode on as soon as there is a loop."""
    asyncio.get_running_loop().set_debug(True)
    yield


app.router.lifespan_context = debugged
