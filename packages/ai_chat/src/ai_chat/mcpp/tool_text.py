"""A tool's result as the text that a model reads."""

from __future__ import annotations

import mcp_types as types

LONGEST = 20_000


def bounded(text: str, longest: int = LONGEST) -> str:
    """The text, cut with a mark when it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def text_of(result: types.CallToolResult) -> str:
    """Text parts joined by lines; other parts are only named."""
    return bounded("\n".join(_part(part) for part in result.content))


def _part(part: types.ContentBlock) -> str:
    match part:
        case types.TextContent(text=text):
            return text
        case types.ImageContent(mime_type=mime) | types.AudioContent(mime_type=mime):
            return f"[{part.type} {mime}]"
        case types.EmbeddedResource(resource=types.TextResourceContents(text=text)):
            return text
        case types.EmbeddedResource(resource=resource):
            return f"[resource {resource.uri}]"
        case types.ResourceLink(uri=uri):
            return f"[resource {uri}]"
    return f"[{part.type}]"
