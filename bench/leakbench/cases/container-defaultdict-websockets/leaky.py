"""A quiz: the answers of a player are collected and counted in the end (websockets)."""

import asyncio
import collections
import contextlib
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

ANSWERS = collections.defaultdict(list)


async def play(player):
    await player.send("what is six times nine")
    ANSWERS[player.id].append("")  # site
    try:
        with contextlib.suppress(ConnectionClosed):
            async for answer in player:
                ANSWERS[player.id].append(answer)  # site
                await player.send("no")
    finally:
        print(len(ANSWERS[player.id]), "answers")


async def main():
    port = int(sys.argv[1])
    async with serve(play, "127.0.0.1", port, ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
