"""Doors: where sessions begin and end in a server. This table is all that knows them.

A door is fitted when the module that it is in has been imported, so a server is never imported on our account.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType

from overstay_probe import _trouble

DOORS: Mapping[str, str] = {
    "uvicorn.config": "asgi:fit_uvicorn",
    "hypercorn.app_wrappers": "asgi:fit_hypercorn",
    "aiohttp.web_server": "aiohttp:fit",
    "websockets.asyncio.server": "websockets:fit_asyncio",
    "websockets.sync.server": "websockets:fit_sync",
    "asyncio.streams": "streams:fit",
    "anyio._backends._asyncio": "anyio:fit",
    "sqlite3.dbapi2": "sqlite:fit",
}
"""The module in which a server keeps its door, or a library its pool, and the function that fits ours to it."""


def fit(module: ModuleType) -> None:
    """Fit the door that is in this module; a failure is remembered and not raised."""
    name, _, function = DOORS[module.__name__].partition(":")
    try:
        door: Callable[[ModuleType], None] = getattr(importlib.import_module(f"{__name__}.{name}"), function)
        door(module)
    except Exception as error:  # the server must start, with a door of ours or without
        _trouble.disarm(f"door of {module.__name__}", error)


def fit_imported() -> None:
    """Fit the doors whose modules are imported already."""
    for name in DOORS:
        if name in sys.modules:
            fit(sys.modules[name])
