"""A lobby: a player is in the table until it goes; who half-closes hears the rest (asyncio.start_server)."""

import asyncio
import sys

PLAYERS = {}
FAREWELL = [b"thank you for playing\n", b"come again\n", b"bye\n"]


async def play(reader, writer):
    writer.write(b"ready\n")
    async with asyncio.timeout(6):
        while line := await reader.readline():
            writer.write(b"moved " + line)
            await writer.drain()
    for line in FAREWELL:
        writer.write(line)
        await asyncio.sleep(0.1)
        await writer.drain()


async def serve(reader, writer):
    address = writer.get_extra_info("peername")
    PLAYERS[address] = writer  # site
    try:
        await play(reader, writer)
        del PLAYERS[address]
    except (ConnectionError, TimeoutError):
        PLAYERS.pop(address, None)
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
