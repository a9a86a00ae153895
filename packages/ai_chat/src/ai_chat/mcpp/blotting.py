"""Leaving secrets out of what is shown of a server."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from ai_chat.config_manager.settings import MCPServerSettings

SHORTEST = 6  # a shorter value is no secret, and would blot out words


def blot(text: str, settings: MCPServerSettings) -> str:
    """Return the text without what the server's environment, address and arguments may hide.

    Of the arguments that is what follows an option: `--key VALUE` and `--key=VALUE`.
    """
    address = urlsplit(settings.url)
    hidden = [*settings.env.values(), address.username or "", address.password or ""]
    hidden += [value for _name, value in parse_qsl(address.query)]
    hidden += [arg.partition("=")[2] for arg in settings.args]
    hidden += [arg for option, arg in pairwise(settings.args) if option.startswith("-") and not arg.startswith("-")]
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, "…")
    return text
