"""Leaving secrets out of what is shown of a server."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from ai_chat.config_manager.settings import MCPServerSettings

SHORTEST = 6  # a shorter value is no secret, and would blot out words


def secrets_of(settings: MCPServerSettings) -> list[str]:
    """What the server's environment, address and arguments may hide, the longest first; of many lines each.

    Of the arguments that is what follows an option: `--key VALUE` and `--key=VALUE`.
    """
    address = urlsplit(settings.url)
    hidden = [*settings.env.values(), address.username or "", address.password or ""]
    hidden += [value for _name, value in parse_qsl(address.query)]
    hidden += [part.partition("=")[2] for part in address.query.split("&")]  # as it is written
    hidden += [arg.partition("=")[2] for arg in settings.args]
    hidden += [arg for option, arg in pairwise(settings.args) if option.startswith("-") and not arg.startswith("-")]
    lines = {line for value in hidden for line in value.splitlines() if len(line) >= SHORTEST}
    return sorted(lines, key=len, reverse=True)


def blot(text: str, settings: MCPServerSettings) -> str:
    """Return the text without the server's secrets."""
    for secret in secrets_of(settings):
        text = text.replace(secret, "…")
    return text
