"""The page's files, read once at the start, so that opening a page reads no disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is sent."""

    body: bytes
    headers: dict[str, str]


def read_web_files() -> dict[str, WebFile]:
    """All files of the page by their names below its folder."""
    return dict(_read(files("ai_chat").joinpath("web"), ""))


def _read(folder: Traversable, above: str) -> Iterator[tuple[str, WebFile]]:
    for one in folder.iterdir():
        if one.is_file():
            yield above + one.name, _as_sent(one.name, one.read_bytes())
        elif one.is_dir():
            yield from _read(one, f"{above}{one.name}/")


def _as_sent(name: str, body: bytes) -> WebFile:
    kind = "text/javascript" if name.endswith(".js") else guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith(("text/", "application/json")) else ""
    return WebFile(
        body,
        {
            "content-type": kind + charset,
            "etag": f'"{sha256(body).hexdigest()[:16]}"',
            "cache-control": "no-cache",
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )
