"""A translator: each word of a client is remembered, and the oldest of 256 words forgotten (aiohttp)."""

import itertools
import sys

from aiohttp import web

CACHE = {}
WORDS = itertools.count()


def remember(word, translation):
    CACHE[word] = translation
    while len(CACHE) > 256:
        CACHE.pop(next(iter(CACHE)))


async def translate(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    for number in itertools.islice(WORDS, 8):
        remember(f"word {number}", f"Wort {number}")
    await client.send_str(f"{len(CACHE)} words are known")
    async for message in client:
        await client.send_str(CACHE.get(message.data, "unknown"))
    return client


app = web.Application()
app.add_routes([web.get("/ws", translate)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
