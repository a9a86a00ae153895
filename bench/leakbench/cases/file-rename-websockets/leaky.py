"""A drawing board: each client's picture is saved by writing a new file and renaming it."""

import asyncio
import contextlib
import os
import sys
import tempfile
import uuid
from pathlib import Path

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PICTURES = Path(tempfile.gettempdir()) / "pictures"


def save(name, picture):
    draft = PICTURES / f"{name}.tmp"
    with draft.open("w") as file:  # site
        file.write(picture)
    os.replace(draft, PICTURES / f"{name}.svg")


async def draw(client):
    name = uuid.uuid4().hex
    save(name, "<svg/>")
    with contextlib.suppress(ConnectionClosed):
        await client.send("draw")
        async for stroke in client:
            save(name, stroke)


async def main():
    PICTURES.mkdir()
    async with serve(draw, "127.0.0.1", int(sys.argv[1]), ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
