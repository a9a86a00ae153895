"""Leaving secrets out of what is shown of a server."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from ai_chat.config_manager.settings import MCPServerSettings

SHORTEST = 6  # a shorter value is no secret, and would blot out words


def blot(text: str, settings: MCPServerSettings) -> str:
    """Return the text without the values of the server's environment, and without what its address hides."""
    address = urlsplit(settings.url)
    hidden = [*settings.env.values(), address.username or "", address.password or ""]
    hidden += [value for _name, value in parse_qsl(address.query)]
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, "…")
    return text
