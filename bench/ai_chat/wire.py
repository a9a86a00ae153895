"""WebSocket frames by hand: a client that costs so little that what is measured is the server."""

from __future__ import annotations

import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def handshake(path: str) -> bytes:
    """The request that opens a WebSocket."""
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Accept-Language: en",
    )
    return "\r\n".join((*lines, "", "")).encode()


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame of a client. Its mask is zero, so that the payload stays as it is."""
    size = len(payload)
    head = (
        struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 254, size)
    )
    return head + bytes(4) + payload


def split(received: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The frames that a server sent, each with its opcode, and the unfinished rest."""
    frames = []
    at = 0
    while len(received) >= at + 2:
        size, head = received[at + 1], 2
        if size == 126:
            size, head = int.from_bytes(received[at + 2 : at + 4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(received[at + 2 : at + 10], "big"), 10
        if len(received) < at + head + size:
            break
        frames.append((received[at] & 0x0F, received[at + head : at + head + size]))
        at += head + size
    return frames, received[at:]
