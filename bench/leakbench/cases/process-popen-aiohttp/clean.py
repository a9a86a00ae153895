"""A jukebox: each client has a player process."""

import subprocess
import sys

from aiohttp import web

PLAYING = web.AppKey("playing", dict)


def stop(player):
    player.kill()
    player.wait()


async def listen(request):
    client = web.WebSocketResponse(heartbeat=3)
    await client.prepare(request)
    playing = request.app[PLAYING]
    playing[id(client)] = subprocess.Popen(["sleep", "3600"])  # site
    try:
        await client.send_str("playing")
        async for _ in client:
            await client.send_str("next song")
    finally:
        player = playing.pop(id(client))
        stop(player)
    return client


async def stop_all(app):
    for player in app[PLAYING].values():
        stop(player)


app = web.Application()
app[PLAYING] = {}
app.on_shutdown.append(stop_all)
app.add_routes([web.get("/ws", listen)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1)
