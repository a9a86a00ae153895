"""Which pages may connect."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from starlette.websockets import WebSocket

from ai_chat.config_manager.settings import SystemSettings


def judge_origin(socket: WebSocket, system: SystemSettings) -> Literal["own", "foreign", "unknown name"]:
    """Whether the page that connects is ours, or an allowed one. Programs say no origin and are let in.

    A page under a name that its owner's DNS points at us (DNS rebinding) has our own host as its origin. So without a
    token the name must be one that no foreign DNS decides: an address, localhost, or one of the settings.
    """
    origin = socket.headers.get("origin")
    if origin is None or origin in system.allowed_origins:
        return "own"
    try:
        address = urlsplit(origin)
    except ValueError:
        return "foreign"
    if address.netloc != socket.headers.get("host"):
        return "foreign"
    name = address.hostname or ""
    is_ours = name == "localhost" or name == system.host.lower() or _is_address(name)
    return "own" if is_ours or system.token is not None else "unknown name"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
